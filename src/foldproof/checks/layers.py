"""What each layer puts out for real rows before the first step: its spread, dead units, units at their ends."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from foldproof.checks.finding import Seen
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import DeadUnits, SaturatedUnits, Signals
from foldproof.model.observed import BOUNDED, RECTIFIED, dead_share, end_share, observe


def look_at_signals(subject: Subject, block: Signals) -> Seen:
    """Of each layer that has weights or bends: how its outputs differ from row to row, and their mean."""

    def spread(layer: nn.Module, outputs: Tensor) -> dict[str, Tensor]:
        if isinstance(layer, nn.Flatten | nn.Identity | nn.Dropout):
            return {}
        return {"sd": outputs.var(0).mean().sqrt(), "mean": outputs.mean()}

    found = _of_layers(subject, spread)
    deviations = {name: values["sd"] for name, values in found.items()}
    means = {f"{name}, mean {values['mean']:.2g}": values["sd"] for name, values in found.items()}
    figures = {**_bars(means, "standard deviation over rows"), "log": True}
    faint = {name: value for name, value in deviations.items() if not value >= block.smallest}
    loud = {name: value for name, value in deviations.items() if value > block.largest}
    if not faint and not loud:
        low, high = min(deviations.values()), max(deviations.values())
        return Seen(
            f"outputs of {len(found)} layers differ from row to row by {low:.3g} to {high:.3g}", figures=figures
        )
    if faint:
        name, value = next(iter(faint.items()))
        sentence = f"outputs of {name} differ from row to row by {value:.1e}: what the rows say is lost on the way"
        advice = "Take initial weights that suit the activation (auto), another activation, or fewer layers."
    else:
        name, value = next(iter(loud.items()))
        sentence = f"outputs of {name} differ from row to row by {value:.3g}: it blows up what it is given"
        advice = "Take smaller initial weights (auto suits the activation), and scale the inputs."
    return Seen(
        sentence,
        (
            on_network(subject, "model.initializer", advice),
            *_normalise(subject),
        ),
        figures,
    )


def _normalise(subject: Subject) -> tuple[Advice, ...]:
    if subject.params.model.normalisation != "none":
        return ()
    return (on_network(subject, "model.normalisation", "batch keeps signals in size."),)


def look_at_dead_units(subject: Subject, block: DeadUnits) -> Seen:
    """Of each rectified layer the share of units that are 0 for every row."""
    shares = _shares(subject, lambda layer, outputs: dead_share(outputs) if type(layer) in RECTIFIED else None)
    if not shares:
        return Seen("no unit of this network is cut off at 0", applies=False)
    learn = "Dead units never learn: take initial weights by he (auto), biases of 0, or leaky_relu as model.activation."
    advice = (
        on_network(subject, "model.initializer", learn),
        on_network(subject, "model.activation", "leaky_relu or elu cannot die."),
    )
    return _worst(shares, block.share, "of the units are always 0", "share of dead units", advice)


def look_at_saturated_units(subject: Subject, block: SaturatedUnits) -> Seen:
    """Of each sigmoid, tanh and hard tanh the share of outputs that are near an end of their range."""

    def at_an_end(layer: nn.Module, outputs: Tensor) -> Tensor | None:
        ends = BOUNDED.get(type(layer))
        return end_share(outputs, ends, block.within) if ends else None

    shares = _shares(subject, at_an_end)
    if not shares:
        return Seen("no unit of this network has a range with two ends", applies=False)
    smaller = "Hardly any gradient passes there: take smaller initial weights (auto), and scale the inputs."
    advice = (on_network(subject, "model.initializer", smaller), Advice("preprocess.scale", "Scale the inputs."))
    return _worst(
        shares, block.share, "of the outputs are at an end of their range", "share of saturated outputs", advice
    )


def _shares(subject: Subject, share: Callable[[nn.Module, Tensor], Tensor | None]) -> dict[str, float]:
    """Of each layer that has such a share, by its name and kind."""

    def look(layer: nn.Module, outputs: Tensor) -> dict[str, Tensor]:
        found = share(layer, outputs)
        return {} if found is None else {"share": found}

    return {name: values["share"] for name, values in _of_layers(subject, look).items()}


def _worst(shares: dict[str, float], most: float, told: str, label: str, advice: tuple[Advice, ...]) -> Seen:
    """The layer with the largest share; advice where that is too large."""
    worst = max(shares, key=shares.__getitem__)
    sentence = f"of {worst}, the worst of {len(shares)}, {shares[worst]:.0%} {told}"
    return Seen(sentence, advice if shares[worst] > most else (), {**_bars(shares, label), "limit": most})


def _of_layers(subject: Subject, look: Callable[[nn.Module, Tensor], dict[str, Tensor]]) -> dict[str, dict[str, float]]:
    """What is found of each layer, by its name and kind, on the subject's rows."""
    population = subject.population
    rows = torch.from_numpy(subject.raw(subject.rows)).to(population.matrix.dtype)[None]
    statistics = {name: value.to(rows.dtype) for name, value in population.statistics.items()}
    inputs = population.preprocessing(rows, statistics)
    frozen = population.transfer.frozen
    resting = population.network.batch_normalisations(frozen) if frozen else frozenset()
    seen = observe(population.network, population.matrix, population.buffers, inputs, look, resting)
    return {f"layer {layer}": {name: float(value[0]) for name, value in found.items()} for layer, found in seen.items()}


def _bars(values: dict[str, float], label: str) -> dict[str, object]:
    return {
        "plot": "bars",
        "labels": list(values),
        "values": list(values.values()),
        "x_label": label,
        "y_label": "layer",
    }


SIGNALS = Check(
    "Do signals reach every layer in a sensible size?",
    "What the rows say must still be there at the output, and their gradient at the input. Layers that shrink or blow "
    "up what they are given do the same to the next ones.",
    look_at_signals,
)
DEAD_UNITS = Check(
    "Are all rectified units alive?",
    "A unit that is 0 for every row passes no gradient, so it stays 0 for ever.",
    look_at_dead_units,
)
SATURATED_UNITS = Check(
    "Are sigmoids and tanhs away from their ends?",
    "At an end of its range an activation is flat, since sigma' = sigma (1 - sigma) and tanh' = 1 - tanh^2: training "
    "stands still.",
    look_at_saturated_units,
)
