"""Study `signals`: histograms of what each hidden layer hands on, before training and after."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from examples.techniques.record import Claim, keep
from examples.techniques.settings import Network, Signals, settings, trial
from examples.techniques.trained import Floats, Rows, Trained, scaled, train
from foldproof import randomness
from foldproof.config.model import Model
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.splits import Role
from foldproof.evaluation.plots import canvas
from foldproof.model.build import build
from foldproof.model.exported import ExportedModel
from foldproof.training.trials import make_trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 200  # of a fold's training rows that are sent through
BINS = 61
FAR = 10.0  # times: the last layer's spread beside the first one's
AT_AN_END = 0.25  # share of the values


def main() -> None:
    """Train, draw, keep."""
    study = settings("signals", Signals)
    rows = Rows.of(trial(study))
    trials = [
        trial(
            study,
            {
                "model.activation": one.activation,
                "model.initializer": one.initializer,
                "model.mlp.hidden": [study.units] * study.layers,
            },
        )
        for one in study.networks
    ]
    scales = [one.scale for one in study.networks]
    results = train(rows, trials, scales)
    before = [through_layers(_untrained(one, scale), rows) for one, scale in zip(results, scales, strict=True)]
    after = [through_layers(one.model, rows) for one in results]
    names = [_name(one) for one in study.networks]
    picture = canvas.draw(
        12, 1.35 * len(names) + 1.5, lambda figure: _paint(figure, study, names, before, after, results)
    )
    figures = {
        name: {
            "spread over rows of each layer before training": spreads(first),
            "and after": spreads(last),
            "before training": verdict(first),
            "held-out accuracy of each fold": one.score("accuracy"),
        }
        for name, first, last, one in zip(names, before, after, results, strict=True)
    }
    keep("signals", picture, len(trials), [_claim(dict(zip(names, before, strict=True)))], figures)


def through_layers(model: ExportedModel, rows: Rows) -> Floats:
    """What each hidden layer hands on, every fold on training rows of its own, `[layers, F, B, K]`."""
    section = Model.model_validate(model.record["network"])
    return np.stack([_of_fold(model, section, rows, fold) for fold in range(len(model.matrix))], axis=1)


def _of_fold(model: ExportedModel, section: Model, rows: Rows, fold: int) -> Floats:
    network = build(section, Inputs(model.schema.shape), model.schema.outputs, randomness.key_of(0)).eval()
    tensors = model.network.layout.unfold(model.matrix) | model.buffers
    network.load_state_dict({name: value[fold] for name, value in tensors.items()})
    taken = rows.split.rows(fold, Role.TRAINING)[:MOST_ROWS]
    raw = torch.from_numpy(np.asarray(rows.dataset.features[taken], np.float32)).unsqueeze(0)
    part = slice(fold, fold + 1)
    seen: list[Tensor] = []
    affine = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for layer in affine[1:]:
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(normalise(raw, model.statistics["center"][part], model.statistics["scale"][part])[0])
    return torch.stack(seen).double().numpy()


def spreads(layers: Floats) -> Floats:
    """By how much a unit tells rows apart: standard deviation over rows, root mean square over units, `[layers]`."""
    found: Floats = np.sqrt(layers.var(axis=2).mean(axis=(1, 2)))
    return found


def verdict(layers: Floats) -> str:
    """What becomes of the signal `[layers, F, B, K]` on its way.

    Vanishing or exploding: the last layer's spread is less than a tenth or over ten times the first one's. Saturated:
    in the last layer over a quarter of the values lie within a twentieth of its range from either end.
    """
    first, last = spreads(layers)[[0, -1]]
    if last < first / FAR:
        return "vanishing"
    if last > first * FAR:
        return "exploding"
    low, high = layers[-1].min(), layers[-1].max()
    near = 0.05 * (high - low)
    ends = (layers[-1] < low + near).mean(), (layers[-1] > high - near).mean()
    return "saturated" if min(ends) > AT_AN_END else "healthy"


def _untrained(one: Trained, scale: float) -> ExportedModel:
    """The same model with the weights that its training began with."""
    rows = one.rows
    matrix = scaled(make_trials(rows.dataset, rows.split, rows.statistics, [one.trial]), [scale]).matrix
    return replace(one.model, matrix=matrix)


def _name(one: Network) -> str:
    return f"{one.activation}, {one.initializer}" + ("" if one.scale == 1 else f" × {one.scale:g}")


def _claim(before: dict[str, Floats]) -> Claim:
    """The mean square of what a layer hands on, from layer to layer, is what its initial weights should keep."""
    factors = {}
    for name in ("relu, he", "relu, glorot"):
        squares = (before[name] ** 2).mean(axis=(1, 2, 3))
        factors[name] = float((squares[-1] / squares[0]) ** (1 / (len(squares) - 1)))
    he, glorot = factors["relu, he"], factors["relu, glorot"]
    return Claim(
        "under ReLU, He's initial weights keep the mean square of the signal, Glorot's halve it at every layer",
        f"times {he:.2f} a layer with He's, times {glorot:.2f} with Glorot's",
        abs(he - 1) < 0.1 and abs(glorot - 0.5) < 0.1,
    )


def _paint(
    figure: "Figure",
    study: Signals,
    names: Sequence[str],
    before: Sequence[Floats],
    after: Sequence[Floats],
    results: Sequence[Trained],
) -> None:
    from matplotlib.patches import Patch

    grid = figure.subplots(len(names), len(study.shown), sharex="row", squeeze=False)
    for line, name in enumerate(names):
        edges = _edges(before[line], after[line])
        for axes, layer in zip(grid[line], study.shown, strict=True):
            _histograms(axes, before[line][layer - 1], after[line][layer - 1], edges)
            apart = " → ".join(_short(spreads(layers)[layer - 1]) for layers in (before[line], after[line]))
            axes.text(1, 1.01, apart, ha="right", fontsize=8, transform=axes.transAxes)
            if line == 0:
                axes.set_title(f"layer {layer}")
        accuracy = results[line].score("accuracy").mean()
        grid[line][0].set_ylabel(
            f"{name}\n{verdict(before[line])}\naccuracy {accuracy:.2f}",
            rotation=0,
            ha="left",
            va="center",
            labelpad=105,
        )
    canvas.title(
        figure,
        f"What each of {study.layers} hidden layers hands on, before training and after "
        f"{results[0].trial.train.epochs} epochs of plain descent; above: by how much a unit tells rows apart (sd)",
    )
    handles = [
        Patch(color=canvas.GREY, alpha=0.45, linewidth=0, label="before training"),
        Patch(facecolor="none", edgecolor=canvas.VERMILION, linewidth=1.3, label="after"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=2)


def _short(number: float) -> str:
    """Two digits, and no power of ten where plain digits do."""
    return f"{number:.0f}" if number >= 100 else f"{number:.2g}"


def _edges(before: Floats, after: Floats) -> Floats:
    """Bins of one line of panels, wide enough for all but four values in a thousand of any layer."""
    both = np.concatenate([before, after], axis=1).reshape(len(before), -1)
    low, high = np.quantile(both, 0.002, axis=1).min(), np.quantile(both, 0.998, axis=1).max()
    found: Floats = np.linspace(low, high, BINS)
    return found


def _histograms(axes: "Axes", before: Floats, after: Floats, edges: Floats) -> None:
    """Each as high as the panel, on the root of the counts, so that thin tails are seen beside a spike."""
    heights = [np.sqrt(np.histogram(values, edges)[0]) for values in (before, after)]
    first, last = (height / max(height.max(), 1) for height in heights)
    axes.stairs(first, edges, color=canvas.GREY, alpha=0.45, fill=True)
    axes.stairs(last, edges, color=canvas.VERMILION, linewidth=1.3)
    axes.locator_params(axis="x", nbins=3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)


if __name__ == "__main__":
    main()
