"""Study `schedules`: the learning rate against epochs, and below it the loss, each at its own best first rate."""

from examples.techniques.pictures import Panel, side_by_side
from examples.techniques.record import Claim, keep, spread
from examples.techniques.settings import Schedules, settings, trial
from examples.techniques.trained import Rows, best, train
from foldproof.config.schedule import Schedule


def main() -> None:
    """Train, draw, keep."""
    study = settings("schedules", Schedules)
    rows = Rows.of(trial(study))
    panels = [_panel(study, rows, one) for one in study.settings]
    picture = side_by_side(
        panels,
        f"{len(panels)} schedules (Adam), each at the best of {len(study.rates)} first rates by inner-validation loss; "
        "accuracy on the held-out folds ± their sd",
        with_rate=True,
    )
    losses = {panel.name: panel.chosen.score("log_loss") for panel in panels}
    constant = losses.pop("constant")
    winner = min(losses, key=lambda name: losses[name].mean())
    claim = Claim(
        "a learning rate that falls gives a lower loss on held-out rows than a constant one (on every fold)",
        f"log-loss of the best, {winner}, {spread(losses[winner])}, constant {spread(constant)}; "
        f"lower on {int((losses[winner] < constant).sum())} of {len(constant)} folds",
        bool((losses[winner] < constant).all()),
    )
    figures = {
        panel.name: {
            "learning rate to begin with": panel.rate,
            "held-out log-loss of each fold": panel.chosen.score("log_loss"),
            "held-out accuracy of each fold": panel.chosen.score("accuracy"),
        }
        for panel in panels
    }
    keep("schedules", picture, len(panels) * len(study.rates), [claim], figures)


def _panel(study: Schedules, rows: Rows, schedule: Schedule) -> Panel:
    whole = schedule.model_dump()
    rate_key = "train.optimizer.learning_rate"
    results = train(rows, [trial(study, {"train.schedule": whole, rate_key: rate}) for rate in study.rates])
    return Panel(schedule.name.replace("_", " "), results, best(results))


if __name__ == "__main__":
    main()
