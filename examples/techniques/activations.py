"""Study `activations`: how many epochs each activation needs to the same training loss, at its own best rate."""

import numpy as np

from examples.techniques.pictures import Panel, side_by_side
from examples.techniques.record import Claim, keep
from examples.techniques.settings import Activations, settings, trial
from examples.techniques.trained import Floats, Rows, best, train

SEVERAL = 2.0  # times as many epochs


def main() -> None:
    """Train, draw, keep."""
    study = settings("activations", Activations)
    rows = Rows.of(trial(study))
    panels = [_panel(study, rows, name) for name in study.names]
    needed = {panel.name: epochs_to(study.reached, panel.chosen.training_loss) for panel in panels}
    picture = side_by_side(
        panels,
        f"{len(panels)} activations (plain descent, two hidden layers), each at the best of {len(study.rates)} "
        "learning rates by inner-validation loss; accuracy on the held-out folds ± their sd",
    )
    claims = [_claim(needed["relu"], needed[other], other, study.reached) for other in ("tanh", "sigmoid")]
    figures = {
        panel.name: {
            "learning rate": panel.rate,
            f"epochs to training loss {study.reached:g}, each fold": needed[panel.name],
            "held-out accuracy of each fold": panel.chosen.score("accuracy"),
        }
        for panel in panels
    }
    keep("activations", picture, len(panels) * len(study.rates), claims, figures)


def epochs_to(level: float, losses: Floats) -> Floats:
    """When the losses `[F, E]` at the ends of epochs 1, 2, ... first fall to `level`, `[F]`; NaN where they never do.

    Between two epochs the logarithm of the loss is taken as linear.
    """
    found = np.full(len(losses), np.nan)
    for fold, line in enumerate(np.log(losses)):
        below = np.flatnonzero(line <= np.log(level))
        if len(below):
            after = int(below[0])
            before = line[after - 1] if after else line[after]
            part = (before - np.log(level)) / (before - line[after]) if after else 1.0
            found[fold] = after + part
    return found


def _panel(study: Activations, rows: Rows, name: str) -> Panel:
    rate_key = "train.optimizer.learning_rate"
    results = train(rows, [trial(study, {"model.activation": name, rate_key: rate}) for rate in study.rates])
    return Panel(name, results, best(results))


def _claim(relu: Floats, other: Floats, name: str, level: float) -> Claim:
    """The mean over folds tells; where one never reaches the level, nothing can be said."""
    ratio = other / relu
    reached = bool(np.isfinite(ratio).all())
    return Claim(
        f"ReLU converges several times faster than {name} (at least {SEVERAL:g} times, to training loss {level:g})",
        f"{relu.mean():.1f} epochs against {other.mean():.1f}: {ratio.mean():.1f} times "
        f"({ratio.min():.1f} to {ratio.max():.1f} over folds)"
        if reached
        else "not every fold came so far",
        reached and bool(ratio.mean() >= SEVERAL),
    )


if __name__ == "__main__":
    main()
