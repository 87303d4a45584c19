"""Several targets on one trunk: each has a head, its share of the network's last layer, and a loss of its own.

What a member minimises is `L = sum_t w_t L_t`. So at the trunk the gradients add up, `dL/dh = sum_t w_t dL_t/dh` for
whatever h the heads read (Collobert and Weston, "A unified architecture for natural language processing", 2008). With
one target `L = L_1`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import torch
from torch import Tensor

from foldproof.config.train import Train
from foldproof.data.augmentation import Mix
from foldproof.data.schema import Target
from foldproof.errors import ConfigError, unknown_name
from foldproof.model.output_activations import OUTPUT_ACTIVATIONS
from foldproof.model.stacked import State
from foldproof.training.losses import LossRow, losses_for, weighted_mean


@dataclass(frozen=True)
class Head:
    """The target at `place`, its loss, and where its outputs begin among those of all targets."""

    place: int
    target: Target
    loss: LossRow
    begin: int

    @property
    def outputs(self) -> slice:
        """Which of the network's outputs are this head's."""
        return slice(self.begin, self.begin + self.target.outputs)

    def own(self, targets: Tensor) -> Tensor:
        """This head's targets `[P, B]` of those of all heads `[P, B, T]`; those of one head are its own as they are."""
        if targets.dim() == 2:
            return targets
        column = targets[..., self.place]
        return column.long() if self.target.task == "classification" else column

    def predicted(self, outputs: Tensor) -> Tensor:
        """Predictions `[P, B, C]`, or values `[P, B]` as they are learnt, of this head's outputs `[P, B, C]`."""
        return OUTPUT_ACTIVATIONS[self.loss.output_activation](outputs)

    def scaled(self, targets: Tensor, statistics: State) -> Tensor:
        """Numbers `[P, B]` are learnt centred and scaled by the member's statistics; classes are as they are."""
        if self.target.task == "classification":
            return targets
        center, scale = (
            statistics[f"target_{name}"].reshape(len(targets), -1)[:, self.place, None] for name in ("center", "scale")
        )
        return (targets - center) / scale

    def losses(self, outputs: Tensor, targets: Tensor, settings: State, statistics: State) -> Tensor:
        """Losses of rows `[P, B]`, of this head's outputs `[P, B, C]` for its targets `[P, B]`."""
        return self.loss.of_rows(outputs, self.scaled(targets, statistics), settings)

    def weighs_classes(self, settings: State) -> bool:
        """Whether a row counts by its class."""
        return "class_weights" in settings and self.target.task == "classification"

    def weights(self, settings: State, targets: Tensor, *counts: Tensor) -> Tensor:
        """How much each row counts, `[P, B]`: by itself, where there are `counts`, and by its class."""
        factors = list(counts)
        if self.weighs_classes(settings):
            factors.append(settings["class_weights"][:, self.outputs].gather(1, targets))
        return torch.as_tensor(prod(factors))

    def mean_loss(
        self,
        outputs: Tensor,
        targets: Tensor,
        counts: Tensor | None,
        mixed: Mix | None,
        settings: State,
        statistics: State,
    ) -> Tensor:
        """`[P]`, of this head's outputs; a mixed row has two targets and two counts, and counts as both do."""
        rows = (targets,) if counts is None else (targets, counts)

        def each(function: Callable[..., Tensor]) -> Tensor:
            return mixed.of(function, *rows) if mixed else function(*rows)

        def losses(targets: Tensor, *_: Tensor) -> Tensor:
            return self.losses(outputs, targets, settings, statistics)

        def weights(*row: Tensor) -> Tensor:
            return self.weights(settings, *row)

        if counts is None and not self.weighs_classes(settings):
            return self.loss.of_mean(weighted_mean(each(losses), None))
        together = each(weights)
        of_rows = each(lambda *row: losses(*row) * weights(*row)) / together
        return self.loss.of_mean(weighted_mean(of_rows, together))


def heads_for(train: Train, targets: Sequence[Target]) -> tuple[Head, ...]:
    """A head a target, with the losses that section `train` asks for; raises ConfigError with all that does not fit."""
    problems = _problems_of_weights(train, targets)
    try:
        losses = losses_for(train, [target.task for target in targets])
    except ConfigError as error:
        raise ConfigError(*error.problems, *problems) from None
    if problems:
        raise ConfigError(*problems)
    begins = accumulate((target.outputs for target in targets), initial=0)
    numbered = enumerate(zip(targets, losses, begins, strict=False))
    return tuple(Head(place, *parts) for place, parts in numbered)


def target_weights(train: Train, targets: Sequence[Target]) -> tuple[float, ...]:
    """`w_t` of each target: 1 where section `train` does not say otherwise."""
    return tuple(train.target_weights.get(target.name, 1.0) for target in targets)


def ceiling(heads: Sequence[Head], weights: Sequence[float]) -> float:
    """The largest value of `sum_t w_t L_t`, without penalties."""
    each = zip(heads, weights, strict=True)
    return sum(weight * head.loss.ceiling(head.target.outputs) if weight else 0.0 for head, weight in each)


def apart(heads: Sequence[Head], outputs: Tensor, targets: Tensor) -> list[tuple[Head, Tensor, Tensor]]:
    """Each head with its outputs `[P, B, C]` and targets `[P, B]`, of those of all, `[P, B, K]` and `[P, B, T]`."""
    parts = (outputs,) if len(heads) == 1 else outputs.split([head.target.outputs for head in heads], dim=-1)
    return [(head, part, head.own(targets)) for head, part in zip(heads, parts, strict=True)]


def together(losses: Sequence[Tensor], settings: State) -> Tensor:
    """`sum_t w_t L_t` of the heads' mean losses `[P]` each, `[P]`; one head's is its own."""
    if len(losses) == 1:
        return losses[0]
    return (torch.stack(list(losses), dim=1) * settings["target_weights"]).sum(1)


def _problems_of_weights(train: Train, targets: Sequence[Target]) -> list[str]:
    names = [target.name for target in targets]
    where, found = "train.target_weights", train.target_weights
    if found and len(names) == 1:
        return [f"{where}: found {dict(found)}, legal with one target: none; there is nothing to weigh it against"]
    unknown = [unknown_name(f"{where}: name of a target", name, names) for name in found if name not in names]
    if not unknown and not any(target_weights(train, targets)):
        return [f"{where}: found 0 for every target, legal: at least one above 0"]
    return unknown
