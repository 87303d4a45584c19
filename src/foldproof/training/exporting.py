"""From what the fits left behind to the exported model, and to what it would be without averaging or snapshots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from foldproof.config.averaging import Averaging
from foldproof.config.model import Model
from foldproof.data.dataset import Schema
from foldproof.data.splits import Split
from foldproof.data.statistics import Statistics
from foldproof.model.exported import ExportedModel, export
from foldproof.model.stacked import StackedNetwork
from foldproof.model.without import Without
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.kept import Kept
from foldproof.training.plan import Plan
from foldproof.training.weights import Weights


@dataclass(frozen=True)
class Candidate:
    """Some of the weights that a fit kept, `[P*S, ...]`, and what the record tells of each member's."""

    weights: Weights
    told: list[dict[str, Any]]


def best_of(kept: Kept) -> Candidate:
    """The best weights of each member, which averaging may have made."""
    return Candidate(kept.weights, [{"best_epoch": epoch} for epoch in kept.best_epoch])


def unaveraged_of(kept: Kept) -> Candidate:
    """The best weights of each member without averaging."""
    assert kept.unaveraged is not None
    return Candidate(kept.unaveraged.weights, [{"best_epoch": epoch} for epoch in kept.unaveraged.epoch])


def snapshots_of(kept: Kept) -> Candidate:
    """The snapshots of each member, side by side."""
    assert kept.snapshots is not None
    epochs = zip(kept.best_epoch, kept.snapshots.epochs.tolist(), strict=True)
    flat = {name: value.flatten(0, 1) for name, value in kept.snapshots.weights.tensors().items()}
    return Candidate(Weights.of(flat), [{"best_epoch": best, "snapshots": taken} for best, taken in epochs])


@dataclass(frozen=True)
class Exporter:
    """Makes models of the members of a split that a plan has trained, from one or another of the weights kept."""

    schema: Schema
    split: Split
    statistics: Statistics
    model: Model
    network: StackedNetwork
    plan: Plan
    steps: int

    def __call__(self, kept: Sequence[Kept], averaging: Averaging) -> tuple[ExportedModel, tuple[Without, ...]]:
        """The model, and which one it would be without averaging, and with that but without snapshots."""
        row = AVERAGINGS[averaging.name]
        without: list[Without] = []
        if row is not None:
            without.append(Without(averaging.name, row.label, row.cost, self._model(kept, unaveraged_of)))
        best = self._model(kept, best_of)
        if kept[0].snapshots is None:
            return best, tuple(without)
        number = kept[0].snapshots.epochs.shape[1]
        label = f"snapshots at the ends of the last {number} learning-rate cycles"
        cost = f"{number} times the weights and the passes forward in predicting"
        return self._model(kept, snapshots_of, number), (*without, Without("snapshots", label, cost, best))

    def _model(self, kept: Sequence[Kept], chosen: Callable[[Kept], Candidate], snapshots: int = 1) -> ExportedModel:
        candidates = [chosen(one) for one in kept]
        weights = [one.weights for one in candidates]
        records = [
            self._record(index, one, place, candidate.told[place])
            for one, candidate, members in zip(kept, candidates, self.plan.populations, strict=True)
            for place, index in enumerate(members)
        ]
        return export(
            self.schema,
            self.model,
            records,
            self.network,
            torch.cat([one.matrix for one in weights]),
            {name: torch.cat([one.buffers[name] for one in weights]) for name in weights[0].buffers},
            self.statistics,
            {**self.plan.to_dict(), "steps_per_epoch": self.steps},
            snapshots,
        )

    def _record(self, index: int, kept: Kept, place: int, told: dict[str, Any]) -> dict[str, Any]:
        member = self.split.members[index]
        return {
            "seed": member.seed,
            "repeat": member.repeat,
            "fold": member.fold,
            **told,
            "epochs": kept.epochs[place],
            "stopped": kept.stopped[place],
        }
