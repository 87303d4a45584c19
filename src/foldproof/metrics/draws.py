"""The scores of many draws of rows at once, for the bootstrap, which needs thousands of them.

Each function takes targets `[n]` and predictions (`[n, C]` or `[n]`) as the metric of its name does, and row numbers
`draws` `[B, m]`, and returns `[B]`: what the metric gives for the rows of each draw. Where a draw has fewer rows than
others, -1 stands for none. What a row contributes is worked out once, not once a draw.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.metrics import classification, regression
from foldproof.metrics.classification import Array

Scores = NDArray[np.float64]
Draws = NDArray[np.int64]


def accuracy(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Share of rows whose most probable class is the target."""
    classes, probabilities = classification.checked(targets, predictions)
    return _means(probabilities.argmax(axis=1) == classes, draws)


def balanced_accuracy(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Mean recall over the classes that occur among a draw's targets."""
    found, actual, _ = _counts(targets, predictions, draws)
    return _means_of_shares(found, actual)


def macro_f1(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Mean of `2 TP / (2 TP + FP + FN)` over the classes that occur as either in a draw."""
    found, actual, predicted = _counts(targets, predictions, draws)
    return _means_of_shares(2 * found, actual + predicted)


def log_loss(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Cross-entropy in nats."""
    return _means(classification.log_losses(targets, predictions), draws)


def brier(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Brier's score, in [0, 2]."""
    return _means(classification.squared_errors(targets, predictions), draws)


def r2(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Share of the variance of a draw's targets that is explained; where they are all equal, 1 if all are right."""
    actual, predicted = regression.checked(targets, predictions)
    there = _there(draws)
    unexplained = np.sum(((actual - predicted) ** 2)[draws], axis=1, where=there)
    drawn = actual[draws]
    total = np.sum((drawn - drawn.mean(axis=1, keepdims=True, where=there)) ** 2, axis=1, where=there)
    shares = np.divide(unexplained, total, out=np.where(unexplained == 0.0, 0.0, 1.0), where=total != 0.0)
    return np.asarray(1.0 - shares)


def rmse(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Root of the mean squared error."""
    actual, predicted = regression.checked(targets, predictions)
    return np.sqrt(_means((actual - predicted) ** 2, draws))


def mae(targets: Array, predictions: Array, draws: Draws) -> Scores:
    """Mean absolute error."""
    actual, predicted = regression.checked(targets, predictions)
    return _means(np.abs(actual - predicted), draws)


def _means(contributions: Array, draws: Draws) -> Scores:
    return np.asarray(np.mean(contributions[draws], axis=1, where=_there(draws)))


def _there(draws: Draws) -> Any:
    """Where a draw has a row; True where it has one everywhere, which numpy sums up faster."""
    there = draws >= 0
    return True if there.all() else there


def _counts(targets: Array, predictions: Array, draws: Draws) -> tuple[Draws, Draws, Draws]:
    """Rows of each class that were found, that there are, and that were predicted, each `[B, C]`."""
    actual, probabilities = classification.checked(targets, predictions)
    predicted, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    none = classes  # a class beside the others, for rows that were not found, or are not there
    found = np.where(predicted == actual, actual, none)
    firsts = (classes + 1) * np.arange(len(draws))[:, None]

    def count(codes: NDArray[np.int64]) -> Draws:
        drawn = np.where(draws < 0, none, codes[draws])
        counts = np.bincount((drawn + firsts).ravel(), minlength=(classes + 1) * len(draws))
        return counts.reshape(len(draws), classes + 1)[:, :classes]

    return count(found), count(actual), count(predicted)


def _means_of_shares(parts: Draws, wholes: Draws) -> Scores:
    """Mean over the classes that a draw has, those with a whole above 0, of `parts / wholes` `[B, C]`."""
    shares = np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes > 0)
    return np.asarray(shares.sum(axis=1) / np.count_nonzero(wholes, axis=1))
