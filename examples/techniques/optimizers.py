"""Study `optimizers`: the same task by every optimizer, each at its own best of a few learning rates."""

from examples.techniques.pictures import Panel, side_by_side
from examples.techniques.record import Claim, keep, spread
from examples.techniques.settings import Optimizers, settings, trial
from examples.techniques.trained import Rows, best, train
from foldproof.config.optimizer import OptimizerName
from foldproof.training.optimizers import OPTIMIZERS


def main() -> None:
    """Train, draw, keep."""
    study = settings("optimizers", Optimizers)
    rows = Rows.of(trial(study))
    panels = [_panel(study, rows, name) for name in study.names]
    tried = len(study.names) * len(study.rates)
    picture = side_by_side(
        panels,
        f"{len(panels)} optimizers, each at the best of {len(study.rates)} learning rates by inner-validation loss; "
        "accuracy on the held-out folds ± their sd",
    )
    scores = {panel.name: panel.chosen.score("accuracy") for panel in panels}
    figures = {
        panel.name: {
            "learning rate": panel.rate,
            "held-out accuracy of each fold": scores[panel.name],
            "training loss of each epoch, mean over folds": panel.chosen.training_loss.mean(axis=0),
        }
        for panel in panels
    }
    low, high = (choose(scores, key=lambda name: scores[name].mean()) for choose in (min, max))
    gap = float((scores[high] - scores[low]).mean())
    claim = Claim(
        "the choice of optimizer decides the accuracy, once each has its own learning rate (means over a point apart)",
        f"{high} {spread(scores[high])}, {low} {spread(scores[low])}: {gap:.3f} apart",
        gap > 0.01,
    )
    keep("optimizers", picture, tried, [claim], figures)


def _panel(study: Optimizers, rows: Rows, name: OptimizerName) -> Panel:
    """One optimizer at all its rates: one population."""
    usual = OPTIMIZERS[name].learning_rate
    rates = [factor * usual for factor in study.rates]
    key, rate_key = "train.optimizer.name", "train.optimizer.learning_rate"
    results = train(rows, [trial(study, {key: name, rate_key: rate}) for rate in rates])
    return Panel(name, results, best(results))


if __name__ == "__main__":
    main()
