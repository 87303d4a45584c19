"""Kills, outages, full disks and second runs against the real pipeline: it ends with the same bits all the same.

`make chaos` works in scratch clones of this checkout, with a small job. A `reference` run goes through undisturbed.
Every other run is disturbed (`kills`, `outages`, `full_disk`, `concurrent`), goes on until it is done, and is then
compared with the reference (`comparison`): each file's bytes, DVC's hashes, every point in MLflow exactly once, nothing
left behind. What does not compare is lost, and its clone is kept. All draws follow from the seed; what the operating
system does in between does not, so a repeat meets the same plan and not always the same instant.
"""
