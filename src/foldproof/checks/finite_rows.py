"""Rows and targets that are not numbers: one of them makes the loss NaN, and with it every weight."""

from math import prod

import numpy as np

from foldproof.checks.columns import chunks
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject, spaced
from foldproof.config.advice import Advice
from foldproof.config.check import FiniteRows
from foldproof.data.splits import Rows
from foldproof.errors import counted, listed


def look(subject: Subject, block: FiniteRows) -> Seen:  # noqa: ARG001
    """The rows sampled, every training row that is not finite as it was prepared, and the targets of all."""
    targets = subject.targets(subject.training_rows)
    lacking = subject.training_rows[~np.isfinite(targets)]
    rows = np.union1d(subject.rows, spaced(_suspects(subject), subject.params.check.rows))
    bad = rows[~subject.inputs(rows).isfinite().flatten(1).all(1).numpy()]
    problems, advice = list[str](), list[Advice]()
    if len(lacking):
        problems.append(f"the target {subject.dataset.schema.target} of {counted('row', lacking)} is not finite")
        advice.append(Advice("data.target", "Mend these targets in the data, or leave their rows out of it."))
    if len(bad):
        problem, mending = _of_inputs(subject, bad)
        problems.append(problem)
        advice += mending
    if problems:
        return Seen("; ".join(problems), tuple(advice), {"rows": bad[:100].tolist(), "targets": lacking[:100].tolist()})
    return Seen(f"{len(rows)} rows as the network is given them, and {len(targets)} targets, are all finite")


def _of_inputs(subject: Subject, bad: Rows) -> tuple[str, list[Advice]]:
    """What is wrong with the rows whose inputs are not finite, and what mends it."""
    schema = subject.dataset.schema
    wrong = ~np.isfinite(subject.raw(bad).reshape(len(bad), -1).astype(np.float64))
    for place, column in enumerate(schema.columns):
        if column.missing or column.kind == "category":  # preprocessing fills it
            wrong[:, place] = np.isinf(subject.raw(bad)[:, place])
    rows = bad[wrong.any(axis=1)]
    if not len(rows):
        told = f"{counted('row', bad)} are finite as they were prepared, and not after preprocessing"
        key = "preprocess.power" if subject.params.preprocess.power != "none" else "preprocess.scale"
        return told, [Advice(key, "What it learns or computes is not finite for this data: take another, or none.")]
    told = f"{counted('row', rows)} hold numbers that are NaN or infinite"
    mend = Advice("data.source", "Mend these rows, or leave them out, before they are handed over.")
    if schema.kind != "table":
        return told, [mend]
    names = [schema.features[place] for place in np.flatnonzero(wrong.any(axis=0))]
    fill = Advice("preprocess.impute", "It fills numbers that the data says are missing, and no infinite ones.")
    drop = Advice("data.drop", f"Or leave out what cannot be mended: {listed(names)}.")
    return f"{told}, in {listed(names)}", [mend, fill, drop]


def _suspects(subject: Subject) -> Rows:
    """Training rows that are not finite as they were prepared, though preprocessing may yet fill them."""
    features = subject.dataset.features
    if features.dtype.kind != "f":
        return subject.training_rows[:0]
    parts = chunks(subject.training_rows, prod(features.shape[1:]))
    return np.concatenate([part[~np.isfinite(subject.raw(part)).reshape(len(part), -1).all(axis=1)] for part in parts])


CHECK = Check(
    "Are rows and targets numbers?",
    "One value that is NaN or infinite makes the loss NaN, and after one step all weights with it.",
    look,
)
