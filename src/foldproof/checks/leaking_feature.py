"""A single column that tells the target: mostly the answer under another name, or what is known only later."""

import numpy as np
from numpy.typing import NDArray

from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import LeakingFeature

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
ENOUGH = 75  # rows: of fewer even a column that errs in one of 25 may show no error
BINS = 20
LEFT = 0.1  # share of the largest class's errors that a column may leave, where one class is nearly all there is


def look(subject: Subject, block: LeakingFeature) -> Seen:
    """Each raw column of a table against the first target."""
    schema = subject.dataset.schema
    if schema.kind != "table" or len(schema.columns) < 2:
        return Seen("rows are not columns that each have a meaning", applies=False)
    if len(subject.rows) < ENOUGH:
        return Seen(f"takes at least {ENOUGH} training rows", applies=False)
    raw, targets = subject.raw(subject.rows).astype(np.float64), subject.targets(subject.rows)
    if len(np.unique(targets)) < 2:
        return Seen("all targets are the same", applies=False)
    if schema.classes:
        largest = np.bincount(targets).max() / len(targets)
        most, unit = max(block.accuracy, 1 - LEFT * (1 - largest)), "of the classes"
    else:
        most, unit = block.accuracy, "of the variance"
    shares = [
        _told(raw[:, place], targets, category=column.kind == "category", classes=len(schema.classes))
        for place, column in enumerate(schema.columns)
    ]
    order = np.argsort(shares)[::-1]
    figures = {
        "plot": "bars",
        "labels": [schema.features[place] for place in order[:20]],
        "values": [shares[place] for place in order[:20]],
        "x_label": f"share {unit} that the column tells by itself",
        "limit": most,
    }
    name, share = schema.features[order[0]], shares[order[0]]
    told = f"{name} alone tells {share:.3f} {unit} of {schema.target}"
    leaks = [schema.features[place] for place in order if shares[place] >= most]
    if not leaks:
        return Seen(f"{told}, more than any other column", figures=figures)
    drop = f"Would {', '.join(leaks[:5])} be known when a prediction is made? If not, leave out what gives it away."
    return Seen(told, (Advice("data.drop", drop),), figures)


def _told(values: Floats, targets: NDArray[np.generic], *, category: bool, classes: int) -> float:
    bins = _codes(values) if category else quantile_bins(values)
    if classes:
        labels = targets.astype(np.int64)
        return max(accuracy_of(bins, labels, classes), 0.0 if category else ranges_told(values, labels, classes))
    numbers = targets.astype(np.float64)
    if category:
        return variance_told(bins, numbers)
    return max(variance_told(bins, numbers), _squared_correlation(values, numbers), curve_told(values, numbers))


def quantile_bins(values: Floats) -> Codes:
    """Numbers `[n]` as one of at most 20 bins of about equal size; equal values share a bin, missing ones have theirs.

    Few different values, as 0 and 1, have a bin each.
    """
    codes = _codes(values)
    different = int(codes.max()) + 1
    if different <= BINS:
        return codes
    counts = np.cumsum(np.bincount(codes))
    before = np.concatenate([[0], counts[:-1]])
    return np.asarray((before[codes] * BINS) // len(values))


def accuracy_of(bins: Codes, targets: Codes, classes: int) -> float:
    """Share of rows that have the class of most of the others in their bin; one alone in its bin is not told."""
    counts = np.zeros((int(bins.max()) + 1, classes), dtype=np.int64)
    np.add.at(counts, (bins, targets), 1)
    others = counts[bins]
    places = np.arange(len(bins))
    own = others[places, targets] - 1
    others[places, targets] = 0
    return float((own > others.max(axis=1, initial=0)).mean())


def ranges_told(values: Floats, targets: Codes, classes: int) -> float:
    """Share of rows that need not be moved for each class to have a range of values of its own.

    Of equal values those of rarer classes are to be moved; a row among those of another class cuts a range in two, and
    so adds two.
    """
    codes = _codes(values)
    counts = np.zeros((int(codes.max()) + 1, classes), dtype=np.int64)
    np.add.at(counts, (codes, targets), 1)
    in_order = counts.argmax(axis=1)
    ranges = 1 + int((np.diff(in_order) != 0).sum())
    moved = len(values) - int(counts.max(axis=1).sum()) + (ranges - len(np.unique(in_order))) / 2
    return 1 - moved / len(values)


def variance_told(bins: Codes, targets: Floats) -> float:
    """`1 - sum (y - m)^2 / sum (y - mean)^2`, m the mean of the others in the row's bin, of all if there are none."""
    counts, sums = np.bincount(bins)[bins], np.bincount(bins, targets)[bins]
    means = np.where(counts > 1, (sums - targets) / np.maximum(counts - 1, 1), targets.mean())
    total = float(np.square(targets - targets.mean()).sum())
    return 1 - float(np.square(targets - means).sum()) / total if total > 0 else 0.0


def curve_told(values: Floats, targets: Floats) -> float:
    """`1 - 2/3 sum (y - m)^2 / sum (y - mean)^2`, m the mean of the two neighbours in the order of the values.

    Of a smooth curve without noise next to nothing is left; of noise with variance v, `y - m` has 3/2 v. Rows without a
    value are left out, and what they are of all rows is not told. Values that come again have no order: where fewer
    than half are different, nothing is told.
    """
    there = np.isfinite(values)
    if 2 * len(np.unique(values[there])) < there.sum():
        return 0.0
    y = targets[there][np.argsort(values[there], kind="stable")]
    total = float(np.square(y - y.mean()).sum()) if len(y) > 2 else 0.0
    if total == 0:
        return 0.0
    left = np.square(y[1:-1] - (y[:-2] + y[2:]) / 2).sum() * 2 / 3
    return max(0.0, 1 - float(left) / total) * float(there.mean())


def _squared_correlation(values: Floats, targets: Floats) -> float:
    there = np.isfinite(values)
    x, y = values[there] - values[there].mean() if there.any() else values[there], targets[there]
    spread = float(np.square(x).sum() * np.square(y - y.mean()).sum()) if len(y) > 2 else 0.0
    return float((x * (y - y.mean())).sum()) ** 2 / spread * float(there.mean()) if spread > 0 else 0.0


def _codes(values: Floats) -> Codes:
    return np.unique(values, return_inverse=True)[1]


CHECK = Check(
    "Does a single column give the target away?",
    "Such a column is mostly the answer under another name: scores look perfect, and nothing is left when it is not "
    "known beforehand.",
    look,
)
