"""Train every member of a split: from sections of params to plain values, to populations, to the exported model."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foldproof.config.data import Augment
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.batches import RowTable
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Member, Role, Split
from foldproof.data.statistics import Statistics
from foldproof.metrics import primary
from foldproof.model.build import build, multiply_adds
from foldproof.model.exported import ExportedModel, export
from foldproof.model.stacked import stack
from foldproof.reproducibility import using_threads
from foldproof.training.best_epochs import Kept
from foldproof.training.engines import ENGINES
from foldproof.training.events import FitStarted, Sink
from foldproof.training.members import key_of_member
from foldproof.training.plan import Work, make_plan
from foldproof.training.resume import Resume, digest_of_training
from foldproof.training.task import Task
from foldproof.unfinished import in_use


@dataclass(frozen=True)
class Trained:
    """The model and, for each member, the predictions of the rows that scored it: `[rows, C]` or `[rows]`."""

    model: ExportedModel
    out_of_fold: list[NDArray[np.float32]]


def train_members(
    dataset: Dataset,
    split: Split,
    statistics: Statistics,
    model: Model,
    train: Train,
    augment: Augment,
    sinks: Sequence[Sink] = (),
    resume: Resume | None = None,
) -> Trained:
    """Train all members as their plan packs them, or go on where an earlier process was killed, with `resume`.

    Raises TrainingError where training diverges.
    """
    schema, sections = dataset.schema, (model, train, augment)
    first = build(model, schema.shape, schema.outputs, key_of_member(split.members[0]))
    row = multiply_adds(first, schema.shape)
    network, matrix, _ = stack([first])
    steps = split.steps_per_epoch(train.batch_size)
    work = Work(
        members=len(split.members),
        parameters=matrix.shape[1],
        batch_size=train.batch_size,
        row=row,
        rows=train.epochs * steps * train.batch_size,
    )
    plan = make_plan(work, train.accelerator, train.precision, train.threads, train.population, train.engine)
    started = FitStarted(
        split.members,
        train.epochs,
        steps,
        primary(schema.task),
        work.parameters,
        plan.device,
        plan.threads,
        len(plan.populations),
        plan.engine,
    )
    for sink in sinks:
        sink(started)
    folder = resume.folder(digest_of_training(schema, split, statistics, sections, plan)) if resume else None
    task = Task(dataset, split, statistics, model, train, augment, plan, folder)
    with in_use(folder) if folder else nullcontext():
        kept = ENGINES[plan.engine](task, sinks)
    trained = export(
        schema,
        model,
        [
            _member_record(member, one, i)
            for one, members in zip(kept, plan.populations, strict=True)
            for i, member in enumerate(split.members[index] for index in members)
        ],
        network,
        torch.cat([one.matrix for one in kept]),
        {name: torch.cat([one.buffers[name] for one in kept]) for name in kept[0].buffers},
        statistics,
        {**plan.to_dict(), "steps_per_epoch": steps},
    )
    with using_threads(plan.threads):
        return Trained(trained, _predict_scored(trained, dataset, split))


def _member_record(member: Member, kept: Kept, place: int) -> dict[str, Any]:
    return {
        "seed": member.seed,
        "repeat": member.repeat,
        "fold": member.fold,
        "best_epoch": kept.best_epoch[place],
        "epochs": kept.epochs[place],
        "stopped": kept.stopped[place],
    }


def _predict_scored(model: ExportedModel, dataset: Dataset, split: Split) -> list[NDArray[np.float32]]:
    table = RowTable.of([split.rows(index, Role.SCORED) for index in range(len(split.members))])
    predicted = model.predict_rows(dataset.features, table.rows.numpy())
    return [one[mask] for one, mask in zip(predicted, table.weight.numpy() > 0, strict=True)]
