"""Which parameters stand still: a table `name -> rule`, or layers by name.

The layers of a network are what the names of its parameters first tell apart: the places of a chain, the parts of a
module of one's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile

from foldproof.config.model import FreezeName
from foldproof.errors import ConfigError
from foldproof.model.stacked import Layout, owner_of

WHERE = "model.freeze"
FEW, SOME = 50, 500  # training rows a class


@dataclass(frozen=True)
class Situation:
    """What the choice of `auto` is made from."""

    rows: int  # a class, of the smallest training set; of a regression, all of it
    loaded: frozenset[str]  # parameters
    alike: bool  # whether the weights were trained on rows of the same kind, shape and columns


@dataclass(frozen=True)
class Choice:
    """The parameters that stand still, and why in words."""

    frozen: frozenset[str]
    reason: str


Rule = Callable[[Layout, Situation], Choice]


def none(layout: Layout, situation: Situation) -> Choice:  # noqa: ARG001  (every rule takes all)
    """Everything is trained."""
    return Choice(frozenset(), "nothing stands still")


def all_but_head(layout: Layout, situation: Situation) -> Choice:  # noqa: ARG001
    """The output layer alone is trained."""
    return Choice(frozenset(layout.names) - layout.head, "all but the output layer stands still")


def all_but_two(layout: Layout, situation: Situation) -> Choice:  # noqa: ARG001
    """The last two layers that have weights are trained, and what lies between and after them."""
    layers = layers_of(layout)
    weighty = [place for place, names in enumerate(layers.values()) if _has_weights(layout, names)]
    first = weighty[-2] if len(weighty) > 1 else 0
    frozen = (name for names in list(layers.values())[:first] for name in names)
    return Choice(frozenset(frozen), "all but the last two layers stand still")


def auto(layout: Layout, situation: Situation) -> Choice:
    """The less data, the more stands still; a step less where the source had other rows; only what was loaded."""
    if not situation.loaded:
        return Choice(frozenset(), "auto: nothing was loaded, so nothing stands still")
    steps: list[Rule] = [all_but_head, all_but_two, none]
    by_rows = 0 if situation.rows < FEW else 1 if situation.rows < SOME else 2
    chosen = steps[min(by_rows + (not situation.alike), 2)](layout, situation)
    limits = (f"below {FEW}", f"{FEW} to {SOME - 1}", f"{SOME} or more")
    likeness = "rows of the same form" if situation.alike else "rows of another form or unknown"
    reason = f"auto: {situation.rows} training rows a class ({limits[by_rows]}), learnt on {likeness}: {chosen.reason}"
    whole = [set(names) for names in layers_of(layout).values() if situation.loaded.issuperset(names)]
    return Choice(chosen.frozen & frozenset[str]().union(*whole), reason)


FREEZES: dict[FreezeName, Rule] = {"none": none, "all_but_head": all_but_head, "auto": auto}


def chosen_freeze(freeze: FreezeName | tuple[str, ...], layout: Layout, situation: Situation) -> Choice:
    """What stands still; raises ConfigError where a layer is not there, or nothing would be left to train."""
    choice = _listed(freeze, layout) if isinstance(freeze, tuple) else FREEZES[freeze](layout, situation)
    if choice.frozen.issuperset(layout.names):
        raise ConfigError(f"{WHERE}: every layer stands still, legal: at least one that is trained; {_told(layout)}")
    return choice


def layers_of(layout: Layout) -> dict[str, list[str]]:
    """The parameters of each layer, by the layer's name, in order."""
    paths = {name: owner_of(name).split(".") if owner_of(name) else [name] for name in layout.names}
    common = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths.values(), strict=False)))
    layers: dict[str, list[str]] = {}
    for name, path in paths.items():
        layers.setdefault(".".join(path[: common + 1]), []).append(name)
    return layers


def _listed(wanted: Sequence[str], layout: Layout) -> Choice:
    """The parameters of the layers, or parts of layers, of these names."""
    found = {one: [name for name in layout.names if f"{name}.".startswith(f"{one}.")] for one in wanted}
    legal = list(layers_of(layout))
    problems = []
    for one in (one for one, names in found.items() if not names):
        near = get_close_matches(one, legal, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        problems.append(f"{WHERE}: found {one!r}, legal: {_told(layout)}{hint}")
    if problems:
        raise ConfigError(*problems)
    return Choice(frozenset(name for names in found.values() for name in names), "the layers named stand still")


def _told(layout: Layout) -> str:
    """The layers with the shapes of their weights."""
    shapes = dict(zip(layout.names, layout.shapes, strict=True))
    told = []
    for layer, names in layers_of(layout).items():
        largest = max((shapes[name] for name in names), key=lambda shape: (len(shape), shape.numel()))
        head = ", the output layer" if layout.head.issuperset(names) else ""
        told.append(f"{layer} ({'x'.join(map(str, largest)) or 'one number'}{head})")
    return ", ".join(told)


def _has_weights(layout: Layout, names: Sequence[str]) -> bool:
    shapes = dict(zip(layout.names, layout.shapes, strict=True))
    return any(len(shapes[name]) > 1 for name in names)
