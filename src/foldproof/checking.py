"""`foldproof check`: the checks before training, on params.yaml as it stands, without running or writing any stage.

Rows, split and statistics are those of the workspace where DVC says that they are what params.yaml asks for, else they
are made anew, in memory or in a folder that is gone afterwards.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from foldproof.config import load_params
from foldproof.errors import ConfigError

if TYPE_CHECKING:
    from foldproof.checks.finding import Finding
    from foldproof.checks.subject import Subject
    from foldproof.data.dataset import Dataset

ONLY_SPLIT_AND_STATISTICS = {"split", "preprocess"}


def look(root: Path) -> "tuple[Finding, ...]":
    """Print what the checks find below `root`, and return it; raises FoldproofError where params or data are wrong."""
    from foldproof.checks.table import check
    from foldproof.report.checks_shown import asked_for, show_findings
    from foldproof.reproducibility import using_threads

    with _subject(root) as subject, using_threads(1):
        return show_findings(check(subject), asked_for(subject.params.check), everything=True)


@contextmanager
def _subject(root: Path) -> "Iterator[Subject]":
    from foldproof.checks.subject import Subject
    from foldproof.data.splits import Split, make_split
    from foldproof.data.statistics import fit_statistics, load_statistics
    from foldproof.model.given import refuse_untracked
    from foldproof.training.beginning import beginning_of

    if not (root / "dvc.yaml").exists():
        raise ConfigError(f"{root}: holds no dvc.yaml; run in the project's root")
    load_params(root / "params.yaml")  # all that is wrong in it, before anything is read
    stale = _stale(root)
    with _rows(root, fresh=stale <= ONLY_SPLIT_AND_STATISTICS) as dataset:
        params = load_params(root / "params.yaml", dataset.schema.kind)
        refuse_untracked(params.model, root)
        if stale:
            split = make_split(dataset, params.split, params.seed)
            statistics = fit_statistics(dataset, split, params.preprocess)
        else:
            split, statistics = Split.load(root / "data/splits"), load_statistics(root / "data/statistics")
        beginning = beginning_of(params.model, params.train, dataset.schema, split, statistics.preprocessing)
        yield Subject(dataset, split, statistics, params, beginning)


@contextmanager
def _rows(root: Path, *, fresh: bool) -> "Iterator[Dataset]":
    """The prepared rows of the workspace, or prepared for now."""
    from foldproof.data.dataset import Dataset, prepare
    from foldproof.data.progress import watched_reading
    from foldproof.data.sources import open_source

    if fresh:
        yield Dataset.load(root / "data/prepared")
        return
    beside = root / ".foldproof"  # rows may be more than memory, and its file system, hold
    beside.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=beside, prefix="check-") as folder:
        prepare(watched_reading(open_source(load_params(root / "params.yaml").data)), folder)
        yield Dataset.load(folder)


def _stale(root: Path) -> set[str]:
    """What DVC finds changed up to the statistics; where it cannot say, everything is taken to be."""
    command = [sys.executable, "-m", "dvc", "status", "--json", "--with-deps", "preprocess"]
    quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "true"}
    answer = subprocess.run(command, cwd=root, env=os.environ | quiet, capture_output=True, text=True, check=False)
    try:
        return set(json.loads(answer.stdout)) if answer.returncode == 0 else {"prepare"}
    except json.JSONDecodeError:
        return {"prepare"}
