"""From what the fits left behind to the exported model, and to what it would be without averaging or snapshots."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from foldproof.config.averaging import Averaging
from foldproof.config.model import Model
from foldproof.data.schema import Schema
from foldproof.data.splits import Role, Split, hash_of_rows
from foldproof.data.statistics import Statistics
from foldproof.model.exported import ExportedModel, export
from foldproof.model.output_activations import OutputActivation
from foldproof.model.stacked import StackedNetwork
from foldproof.model.without import Without
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.kept import Kept
from foldproof.training.learnt_rows import LearntRows
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
    """The snapshots of each member, side by side; its best epoch in place of those that one lacks which diverged."""
    assert kept.snapshots is not None
    best, missing = kept.weights.tensors(), kept.snapshots.epochs < 0
    flat = {
        name: torch.where(missing.reshape(*missing.shape, *[1] * (value.dim() - 2)), best[name].unsqueeze(1), value)
        for name, value in kept.snapshots.weights.tensors().items()
    }
    taken = torch.where(missing, torch.tensor(kept.best_epoch).unsqueeze(1), kept.snapshots.epochs).tolist()
    return Candidate(
        Weights.of({name: value.flatten(0, 1) for name, value in flat.items()}),
        [{"best_epoch": one, "snapshots": epochs} for one, epochs in zip(kept.best_epoch, taken, strict=True)],
    )


@dataclass(frozen=True)
class Exporter:
    """Makes models of the members of a split that a plan has trained, from one or another of the weights kept."""

    schema: Schema
    split: Split
    statistics: Statistics
    model: Model
    network: StackedNetwork
    plan: dict[str, Any]  # as the record tells it
    output_activations: tuple[OutputActivation, ...]  # of each target
    learnt_rows: LearntRows
    started_from: dict[str, Any] | None = None

    def __call__(self, kept: Kept, averaging: Averaging) -> tuple[ExportedModel, tuple[Without, ...]]:
        """The model, and which one it would be without averaging, and with that but without snapshots."""
        row = AVERAGINGS[averaging.name]
        without: list[Without] = []
        if row is not None:
            without.append(Without(averaging.name, row.label, row.cost, self._model(kept, unaveraged_of)))
        best = self._model(kept, best_of)
        if kept.snapshots is None:
            return best, tuple(without)
        number = kept.snapshots.epochs.shape[1]
        label = f"snapshots at the ends of the last {number} learning-rate cycles"
        cost = f"{number} times the weights and the passes forward in predicting"
        return self._model(kept, snapshots_of, number), (*without, Without("snapshots", label, cost, best))

    def _model(self, kept: Kept, chosen: Callable[[Kept], Candidate], snapshots: int = 1) -> ExportedModel:
        candidate = chosen(kept)
        return export(
            self.schema,
            self.model,
            [self._record(kept, place, told) for place, told in enumerate(candidate.told)],
            self.network,
            candidate.weights.matrix,
            candidate.weights.buffers,
            self.statistics,
            self.plan,
            self.output_activations,
            snapshots,
            self.started_from,
            self.learnt_rows.rows,
            self.learnt_rows.complete,
        )

    def _record(self, kept: Kept, place: int, told: dict[str, Any]) -> dict[str, Any]:
        member = self.split.members[place]
        return {
            "seed": member.seed,
            "repeat": member.repeat,
            "fold": member.fold,
            **told,
            "epochs": kept.epochs[place],
            "stopped": kept.stopped[place],
            **({"told": kept.told[place], "cause": kept.cause[place]} if kept.told[place] else {}),
            "learnt_from": hash_of_rows(self.split.training_part(place)),
            "training_rows_sha256": hash_of_rows(self.split.rows(place, Role.TRAINING)),
        }
