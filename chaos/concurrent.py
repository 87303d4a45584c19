"""Two and four runs at once in one workspace: one writes, the others are refused with advice, or wait.

DVC's own locks refuse a second `dvc repro` before any stage begins, so it is `foldproof repro` (and `make repro`) that
can wait.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from chaos.clone import Done
from chaos.comparison import faults_of
from chaos.reference import Reference
from chaos.scoreboard import Scoreboard

# Ours and DVC's: both name the process that is at work.
REFUSALS = {
    "foldproof": re.compile(r'another run is writing in this workspace \(\{ "pid": \d+'),
    "DVC's stage lock": re.compile(r"is busy, it is being blocked by:\s+\(PID \d+\)"),
    "DVC's repository lock": re.compile(r"Unable to acquire lock"),
}


def concurrent(scratch: Path, references: Sequence[Reference], board: Scoreboard) -> None:
    """Two and four together, failing at once or waiting."""
    number = 0
    for together in (2, 4):
        for waiting in (False, True):
            reference = references[number % len(references)]
            number += 1
            _at_once(scratch, reference, together, waiting, board)


def _at_once(scratch: Path, reference: Reference, together: int, waiting: bool, board: Scoreboard) -> None:
    name = f"{together} at once{', waiting' if waiting else ''}"
    clone = reference.prepared.copy(scratch / f"concurrent-{together}{'-waiting' if waiting else ''}")
    voices = [clone.speaking_to(scratch / f"{clone.folder.name}-{index}.log") for index in range(together)]
    running = [voice.foldproof("repro", FOLDPROOF_WAIT="1") if waiting else voice.repro() for voice in voices]
    done = [voice.until_end(process, 0) for voice, process in zip(voices, running, strict=True)]
    succeeded = [ended for ended in done if not ended.code]
    refused = [ended for ended in done if ended.code]
    faults = [f"refused without advice: {ended.said.strip()[-300:]}" for ended in refused if not _by_whom(ended)]
    if not succeeded:
        faults.append("none came to its end")
    if waiting and refused:
        faults += [f"did not wait: {ended.said.strip()[-300:]}" for ended in refused]
    words = sorted(_by_whom(ended) for ended in refused)
    board.say(f"  {name}: {len(succeeded)} came to the end; refused by {', '.join(words) or 'none'}")
    board.add([name], clone.folder.name, faults + faults_of(clone, reference))


def _by_whom(done: Done) -> str:
    return next((name for name, words in REFUSALS.items() if words.search(done.said)), "")
