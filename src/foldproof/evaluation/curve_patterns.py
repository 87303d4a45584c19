"""Patterns of learning curves: each looks at the course of one member and answers with the evidence, or None.

Thresholds are shares and ratios, which no unit of a loss changes. They were chosen on trainings with planted faults and
on healthy ones, both in tests/evaluation/curves, and held against others that had no part in the choice: 11 of 13
faults were told, and of 11 healthy runs none.
"""

from collections.abc import Callable
from math import log, sqrt

import numpy as np

from foldproof.evaluation.course import Course, over

JUMP = 0.4  # of the highest loss so far, that the training loss rises in one epoch; dropout on few rows reaches 0.3
SHAKEN = 0.14  # jitter of a training loss that has not come far; noise of dropout alone was up to 0.11
NOT_FAR = 0.35  # of the first training loss left: below it noise looks large, since the level is small
BLOWN_UP = 10.0  # times the loss of saying nothing, in the first epoch: initial weights do not do that, steps do
DIED = 2.0  # the same, of a network that says nothing at the end: units that long steps have killed
AS_SILENT = 1.25  # times the loss of saying nothing, or by which it may be below, to count as that
FLAT = 0.02  # share by which an inner-validation loss may have fallen and still be called flat
SLOPE = 0.1  # the same of the training loss, whose noise is larger
QUIET = 0.015  # jitter of a training loss that does not hang on the rows; dropout alone gives 0.02 and more
FLAT_EPOCHS = 4  # that a start must be flat for: a warm-up of one or two epochs is no fault
FASTER = 5.0  # times the first fall over so many epochs, that the steepest one is: it did learn, later
NOWHERE = 0.02  # a sum of rates that leaves initial weights, of about 0.1, where they were
NEAR = 0.2  # the same for an optimizer whose steps are shorter than its rate, and a loss that did not fall
STRAIGHT = 0.8  # slope over the last third of the summed rates to that over the first; a curve that bends has 0 to 0.7
MANY_EPOCHS = 20  # a straight line over fewer only says that training was short
HALF = 0.5  # of the first training loss left at the end of the straight line
UNLIKE = 1.25  # inner-validation over training loss in the first epochs; usual is 0.3 to 1.1
STUCK = 0.3  # share that the inner-validation loss gained at most, while
LEARNT = 0.6  # no more than this of the training loss was left
BELOW = 0.7  # standard errors by which the inner score is below that on the fold, which rows by heart do not explain
GAP, LARGE_GAP = 1.8, 3.0  # inner-validation over training loss at the end; healthy ones with room to gain: 1.5
LOST = 0.15  # of what the inner-validation loss had gained at its best epoch
RISEN = 1.05  # the inner-validation loss at the end over its lowest, with a large gap
ROOM = 0.8  # skill on the fold beyond which there is little to lose by learning rows by heart
NO_GAP = 1.1  # inner-validation over training loss at the best epoch
HELD = 0.5  # the same, where penalties or dropout weigh more in the training loss than the data do
SHORTFALL = 0.2  # of the way from trivial to perfect, that the best baseline is ahead on the fold
UNSTEADY = 0.18  # jitter of the inner-validation loss; of 100 healthy members one had 0.17
SMALL = 0.1  # of the first inner-validation loss: below it a few rows make large ratios
STILL = 0.015  # of the first inner-validation loss, that the last tenth of the epochs gained
STANDARD_ERRORS = 4.0  # high, because many members are looked at


def diverged(course: Course) -> str | None:
    """Whether the loss left the finite numbers, or training gave the member up."""
    if course.stopped != "diverged":
        return None
    return f"{course.told or f'the loss was beyond all bounds in epoch {course.epochs}'}."


def rate_too_high(course: Course) -> str | None:
    """A training loss that explodes, leaps up, or goes up and down instead of falling."""
    losses, silent = course.training, _silent_loss(course)
    if silent is not None and losses[0] > BLOWN_UP * silent:
        return f"the first epoch's training loss is {losses[0]:.3g}, where saying nothing has {silent:.3g}."
    if silent is not None and _died(course, silent):
        return f"the training loss falls from {losses[0]:.3g} to that of saying nothing, {losses[-1]:.3g}."
    beyond = np.diff(losses) - JUMP * np.maximum.accumulate(losses)[:-1]
    place = int(beyond.argmax())
    if beyond[place] > 0:
        return f"the training loss jumps from {losses[place]:.3g} to {losses[place + 1]:.3g} in epoch {place + 1}."
    jitter = course.jitter(losses)
    if jitter > SHAKEN and course.left > NOT_FAR:
        return f"the training loss goes up and down by {jitter:.0%} from epoch to epoch and ends at {losses[-1]:.3g}."
    return None


def _silent_loss(course: Course) -> float | None:
    """Of a network that says nothing; None where the curves do not tell.

    For values it is what R² = 1 - loss / loss of the mean says; for classes the lowest loss of epochs whose
    accuracy is no better than that of the most frequent class.
    """
    scores = course.scores
    if scores is None:
        return None
    if scores.metric == "r2":
        found = float(np.median(course.inner / np.maximum(1 - scores.inner, 1e-6)))
        return found if np.isfinite(found) else None
    both = np.maximum(course.training, course.inner)  # one alone may be low where rows are learnt by heart
    return float(both[scores.inner <= scores.chance(course.inner_rows)].min(initial=np.inf))


def _at_chance(course: Course) -> bool:
    """Whether the score on the fold is that of a network that says nothing."""
    scores = course.scores
    return scores is not None and scores.fold <= scores.chance(course.scored_rows)


def _died(course: Course, silent_loss: float) -> bool:
    """Whether a classifier says nothing at the end, and has the loss of that, after a beginning far above it."""
    scores = course.scores
    if scores is None or scores.metric != "accuracy" or course.training[0] <= DIED * silent_loss:
        return False
    end = over(course.end(course.training), silent_loss)
    return 1 / AS_SILENT < end < AS_SILENT and course.end(scores.inner) <= scores.chance(course.inner_rows)


def flat_start(course: Course) -> str | None:
    """A loss that does not fall, though the steps are long enough, or only after a while."""
    training, inner = course.training, course.inner
    still = course.gained < FLAT and course.left > 1 - FLAT
    silent = course.left > 1 - SLOPE and _at_chance(course)
    if (still or silent) and course.jitter(training) < QUIET and course.travelled > NOWHERE:
        return f"the loss hardly falls in {course.epochs} epochs: from {inner[0]:.3g} to {inner[course.best]:.3g}."
    start = slice(0, FLAT_EPOCHS)
    rates, falls = course.learning_rate, inner[: 1 - FLAT_EPOCHS] - inner[FLAT_EPOCHS - 1 :]
    warm = rates[start].min() >= rates.max() / 2  # else a warm-up kept the loss where it was
    flat = inner[start].min() > (1 - FLAT) * inner[0] and training[start].min() > (1 - SLOPE) * training[0]
    if warm and flat and course.left < 1 - SLOPE and falls.max() > FASTER * max(falls[0], 0.0):
        return f"the loss is flat at {inner[0]:.3g} at first, and falls fastest from epoch {int(falls.argmax())} on."
    return None


def rate_too_low(course: Course) -> str | None:
    """A training loss that stays, since the steps are too short, or falls in a straight line to the end."""
    inner = course.inner
    if course.left > 1 - SLOPE and course.travelled <= NEAR:
        return (
            f"the training loss is {course.training[0]:.3g} at first and {course.training[-1]:.3g} at last; all steps "
            f"together, {course.travelled:.2g}, are small beside the weights."
        )
    rates = np.cumsum(course.learning_rate)
    if course.epochs < MANY_EPOCHS or rates[-1] <= rates[0]:
        return None
    first, second, third, last = np.interp(np.linspace(rates[0], rates[-1], 4), rates, inner)
    straight = over(third - last, first - second) > STRAIGHT and first > second > third > last
    if straight and course.gained > FLAT and course.left > HALF:
        return f"the loss falls in a slow straight line, from {first:.3g} to {last:.3g} in {course.epochs} epochs."
    return None


def mismatch(course: Course) -> str | None:
    """An inner-validation loss above that in training from the first epochs on, which hardly falls."""
    ratio = float(np.median([over(*pair) for pair in zip(course.inner[:3], course.training[:3], strict=True)]))
    if ratio > UNLIKE and course.gained < STUCK and course.left < LEARNT and _worse_than_on_fold(course):
        return (
            f"the loss on inner validation is {ratio:.3g} times that in training from the first epochs on, and falls "
            f"by {course.gained:.0%} only."
        )
    return None


def _worse_than_on_fold(course: Course) -> bool:
    if course.scores is None:
        return True
    inner, fold = float(course.scores.inner[course.best]), course.scores.fold
    return inner < fold and APART[course.scores.metric](inner, fold, course.inner_rows, course.scored_rows) > BELOW


def overfitting(course: Course) -> str | None:
    """An inner-validation loss that rises from its best epoch on, while that in training falls."""
    end, best, first = course.end(course.inner), course.inner[course.best], course.inner[0]
    gap, lost = over(end, course.end(course.training)), over(end - best, first - best)
    skill = None if course.scores is None else course.scores.skill(course.scores.fold)
    by_heart = (gap > GAP and lost > LOST and end > best) or (gap > LARGE_GAP and end > RISEN * best)
    if by_heart and (skill is None or skill < ROOM):
        return (
            f"the loss on inner validation rises from {best:.3g} (epoch {course.best}) to {end:.3g}, while that in "
            f"training falls to {course.end(course.training):.3g}."
        )
    return None


def unstable(course: Course) -> str | None:
    """An inner-validation loss that jumps in the later half of the epochs."""
    jitter = course.jitter(course.inner)
    if jitter > UNSTEADY and course.end(course.inner) > SMALL * course.inner[0]:
        return f"the loss on inner validation goes up and down by {jitter:.0%} from epoch to epoch."
    return None


def still_improving(course: Course) -> str | None:
    """A loss that was falling when the epochs ran out."""
    if course.stopped != "last epoch" or course.best < course.epochs - course.tenth:
        return None
    lowest = np.minimum.accumulate(course.inner)
    gained = over(lowest[-1 - course.tenth] - lowest[-1], lowest[0])
    if gained > STILL:
        return (
            f"the best epoch is {course.best} of {course.epochs}, and the last {course.tenth} still gained "
            f"{gained:.1%} of the first loss."
        )
    return None


def underfitting(course: Course) -> str | None:
    """No gap between the losses, and a score on the fold far below that of a baseline."""
    scores = course.scores
    if scores is None or scores.rival is None:
        return None
    own, rival = scores.skill(scores.fold), scores.skill(scores.rival)
    if own is None or rival is None or rival - own < SHORTFALL or course.gap > NO_GAP:
        return None
    return (
        f"the training loss ends at {course.end(course.training):.3g}, no lower than on inner validation, and the "
        f"score on the fold is {scores.fold:.3f}, where the best baseline has {scores.rival:.3f}."
    )


def inner_unlike_fold(course: Course) -> str | None:
    """Scores on inner validation and on the fold that are further apart than chance explains."""
    if course.scores is None or not len(course.scores.inner):
        return None
    inner, fold = float(course.scores.inner[course.best]), course.scores.fold
    found = APART[course.scores.metric](inner, fold, course.inner_rows, course.scored_rows)
    if found > STANDARD_ERRORS:
        return (
            f"{course.scores.metric} is {inner:.3f} on inner validation and {fold:.3f} on the fold, {found:.1f} "
            "standard errors apart."
        )
    return None


def _of_shares(first: float, second: float, first_rows: int, second_rows: int) -> float:
    """The z of two proportions with a common variance (Fleiss 1981, Statistical Methods for Rates and Proportions)."""
    pooled = (first * first_rows + second * second_rows) / (first_rows + second_rows)
    variance = pooled * (1 - pooled) * (1 / first_rows + 1 / second_rows)
    return abs(first - second) / sqrt(variance) if variance > 0 else 0.0


def _of_r2(first: float, second: float, first_rows: int, second_rows: int) -> float:
    """The log ratio of 1 - R² by its standard error.

    The log of a mean of n squared normal errors has a variance of 2 / n; 1 - R² is a ratio of two such means.
    """
    if not (first < 1 and second < 1):  # also where one is not a number
        return 0.0
    return abs(log(1 - first) - log(1 - second)) / sqrt(4 / first_rows + 4 / second_rows)


APART: dict[str, Callable[[float, float, int, int], float]] = {"accuracy": _of_shares, "r2": _of_r2}
