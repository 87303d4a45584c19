"""Study `batch_norm`: how much the scale of the initial weights matters, with batch normalisation and without."""

from typing import TYPE_CHECKING

import numpy as np

from examples.techniques.pictures import by_number
from examples.techniques.record import Claim, keep
from examples.techniques.settings import BatchNorm, Changes, settings, trial
from examples.techniques.trained import Floats, Rows, best, train
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def main() -> None:
    """Train, draw, keep."""
    study = settings("batch_norm", BatchNorm)
    rows = Rows.of(trial(study))
    scores = {
        "with batch normalisation": _scores(study, rows, study.with_it),
        "without": _scores(study, rows, study.without_it),
    }
    epochs = trial(study).train.epochs
    picture = by_number(
        {"": scores},
        study.scales,
        f"He's initial weights times a factor ({epochs} epochs), each at the best of {len(study.rates)} learning rates "
        "by inner-validation loss",
        ("initial weights times", "accuracy on the held-out folds"),
        _arrange,
    )
    ranges = {name: float(np.ptp(one.mean(axis=0))) for name, one in scores.items()}
    claim = Claim(
        f"batch normalisation makes the initial weights matter less (scales {min(study.scales):g} to "
        f"{max(study.scales):g})",
        "best less worst mean accuracy: " + ", ".join(f"{name} {value:.3f}" for name, value in ranges.items()),
        ranges["with batch normalisation"] < ranges["without"],
    )
    figures = {"scales": study.scales, "held-out accuracy of each fold and scale": scores}
    keep("batch_norm", picture, 2 * len(study.scales) * len(study.rates), [claim], figures)


def _scores(study: BatchNorm, rows: Rows, changes: Changes) -> Floats:
    """Accuracy `[F, X]` at each scale's best learning rate; all are one population."""
    tried = [(scale, rate) for scale in study.scales for rate in study.rates]
    trials = [trial(study, {**changes, "train.optimizer.learning_rate": rate}) for _, rate in tried]
    results = train(rows, trials, [scale for scale, _ in tried])
    chosen = [
        best(one for one, (scale, _) in zip(results, tried, strict=True) if scale == wanted) for wanted in study.scales
    ]
    return np.stack([one.score("accuracy") for one in chosen], axis=1)


def _arrange(axes: "Axes") -> None:
    axes.set_xscale("log")
    axes.axhline(0.1, color=canvas.GREY, linewidth=1, linestyle=":", label="guessing")


if __name__ == "__main__":
    main()
