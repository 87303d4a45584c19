"""What the scores mean: baselines, intervals, comparisons, calibration, checks of trust, plots.

`assess` is the one call: predictions in, an `Assessment` out, which is plain frozen values. It scores each
fold and the ensemble, fits the baselines on the same rows, compares, checks who saw what, and advises.
`plots.pictures` draws it. Nothing here trains a network or imports what does.
"""

from foldproof.evaluation.assess import assess
from foldproof.evaluation.assessment import Assessment

__all__ = ["Assessment", "assess"]
