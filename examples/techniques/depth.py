"""Study `depth`: which initial weights still train as hidden layers are added, under each activation."""

import numpy as np

from examples.techniques.pictures import by_number
from examples.techniques.record import Claim, keep, spread
from examples.techniques.settings import Depth, settings, trial
from examples.techniques.trained import Floats, Rows, Trained, best, train
from foldproof.config.model import ActivationName
from foldproof.evaluation.plots import canvas

FAILS = 0.5  # accuracy below which a network has failed; guessing among ten digits scores 0.1


def main() -> None:
    """Train, draw, keep."""
    study = settings("depth", Depth)
    rows = Rows.of(trial(study))
    chosen = {name: [_at(study, rows, name, layers) for layers in study.layers] for name in study.activations}
    scores: dict[str, dict[str, Floats]] = {
        name: {one: np.stack([found[one].score("accuracy") for found in by_depth], 1) for one in study.initializers}
        for name, by_depth in chosen.items()
    }
    picture = by_number(
        scores,
        study.layers,
        f"Initial weights and depth ({study.units} units a layer, {trial(study).train.epochs} epochs), each at the "
        f"best of {len(study.rates)} learning rates by inner-validation loss",
        ("hidden layers", "accuracy on the held-out folds"),
        lambda axes: axes.axhline(0.1, color=canvas.GREY, linewidth=1, linestyle=":", label="guessing"),
    )
    tried = len(study.activations) * len(study.initializers) * len(study.layers) * len(study.rates)
    figures = {"hidden layers": study.layers, "held-out accuracy of each fold and depth": scores}
    keep("depth", picture, tried, [_claim(scores["relu"], max(study.layers))], figures)


def _at(study: Depth, rows: Rows, activation: ActivationName, layers: int) -> dict[str, Trained]:
    """Of each initializer the network at its best learning rate; all of them are one population."""
    tried = [(initializer, rate) for initializer in study.initializers for rate in study.rates]
    trials = [
        trial(
            study,
            {
                "model.activation": activation,
                "model.initializer": initializer,
                "model.mlp.hidden": [study.units] * layers,
                "train.optimizer.learning_rate": rate,
            },
        )
        for initializer, rate in tried
    ]
    results = train(rows, trials)
    return {
        name: best(one for one, (initializer, _) in zip(results, tried, strict=True) if initializer == name)
        for name in study.initializers
    }


def _claim(relu: dict[str, Floats], layers: int) -> Claim:
    he, glorot = relu["he"][:, -1], relu["glorot"][:, -1]
    return Claim(
        f"Glorot's initial weights fail under ReLU in deep networks, He's do not (accuracy {FAILS:g} tells)",
        f"{layers} hidden layers: Glorot {spread(glorot)}, He {spread(he)}",
        bool(glorot.mean() < FAILS <= he.mean()),
    )


if __name__ == "__main__":
    main()
