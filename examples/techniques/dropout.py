"""Study `dropout`: an oversized network on few rows; the loss where it was trained, and where it was not."""

import numpy as np

from examples.techniques.pictures import by_number
from examples.techniques.record import Claim, keep, spread
from examples.techniques.settings import Dropout, settings, trial
from examples.techniques.trained import Floats, Rows, Trained, train
from foldproof.data.splits import Role
from foldproof.evaluation.plots import canvas

ROLES = {"training rows": Role.TRAINING, "held-out rows": Role.SCORED}


def main() -> None:
    """Train, draw, keep."""
    study = settings("dropout", Dropout)
    rows = Rows.of(trial(study))
    results = train(rows, [trial(study, {"model.dropout": rate}) for rate in study.rates])
    losses = {name: _losses(results, role) for name, role in ROLES.items()}
    trained_on = int((rows.split.roles[0] == Role.TRAINING).sum())
    picture = by_number(
        {"": losses},
        study.rates,
        f"Dropout, {trained_on} training rows, hidden layers of "
        f"{' and '.join(map(str, results[0].trial.model.mlp.hidden))} units: loss at the best epoch, nothing dropped",
        ("dropout rate", "cross-entropy"),
        canvas.logarithmic,
    )
    gaps = losses["held-out rows"] - losses["training rows"]
    place = int(np.argmin([one.best_loss for one in results]))
    rate, held_out = study.rates[place], losses["held-out rows"]
    figures = {
        "dropout rates": study.rates,
        **{f"cross-entropy on {name}, each fold and rate": one for name, one in losses.items()},
        "held-out accuracy, each fold and rate": np.stack([one.score("accuracy") for one in results], 1),
    }
    claims = [
        _claim("shrinks the gap between the loss on training rows and on held-out rows", rate, gaps, place),
        _claim("lowers the loss on held-out rows", rate, held_out, place),
    ]
    keep("dropout", picture, len(study.rates), claims, figures)


def _losses(results: list[Trained], role: Role) -> Floats:
    return np.stack([one.score("log_loss", role) for one in results], axis=1)


def _claim(what: str, rate: float, values: Floats, place: int) -> Claim:
    """The first rate is 0, none; the place is that of the rate chosen by inner validation."""
    lower = int((values[:, place] < values[:, 0]).sum())
    return Claim(
        f"dropout {what} (on every fold; rate chosen by inner validation)",
        f"rate {rate:g}: {spread(values[:, place])}, none: {spread(values[:, 0])}; lower on {lower} of {len(values)} "
        "folds",
        lower == len(values),
    )


if __name__ == "__main__":
    main()
