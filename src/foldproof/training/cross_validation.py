"""Train every member of a split: from sections of params to plain values, to populations, to the exported model."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foldproof.config.augment import Augment
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import Statistics
from foldproof.model.build import build, multiply_adds
from foldproof.model.exported import ExportedModel
from foldproof.model.given import hash_of_given
from foldproof.model.stacked import stack
from foldproof.model.without import Without
from foldproof.training.assignment import Assignment
from foldproof.training.beginning import Beginning, beginning_of
from foldproof.training.divergence import raise_if_all_diverged
from foldproof.training.engines import ENGINES
from foldproof.training.events import FitStarted, Sink
from foldproof.training.exporting import Exporter
from foldproof.training.kept import Kept
from foldproof.training.learnt_rows import learnt_rows, refuse_seen_rows
from foldproof.training.members import key_of_member, kinds_of, make_recipe
from foldproof.training.plan import Work, make_plan
from foldproof.training.refusals import refuse_unfit_network
from foldproof.training.resume import Resume, digest_of_training
from foldproof.training.watched_words import with_account_of_words
from foldproof.unfinished import in_use


@dataclass(frozen=True)
class Trained:
    """The model and, for each member, the predictions of the rows that scored it: `[rows, C]` or `[rows]`.

    Those of several targets stand side by side, `[rows, K]`. `without` is what the model would be without averaging or
    snapshots, where those are on.
    """

    model: ExportedModel
    out_of_fold: list[NDArray[np.float32]]
    without: tuple[Without, ...] = ()


def train_members(
    dataset: Dataset,
    split: Split,
    statistics: Statistics,
    model: Model,
    train: Train,
    augment: Augment,
    sinks: Sequence[Sink] = (),
    resume: Resume | None = None,
    beginning: Beginning | None = None,
) -> Trained:
    """Train all members as their plan packs them, or go on where an earlier process was killed, with `resume`.

    `beginning` is what `beginning_of` gives for these sections; it is decided here where it is not given.
    Raises ConfigError where sections do not go together, TrainingError where all members diverge.
    """
    schema, sections = dataset.schema, (model, train, augment)
    inputs = statistics.preprocessing.inputs
    first = build(model, inputs, schema.outputs, key_of_member(split.members[0]))
    refuse_unfit_network(train, first)
    recipe = make_recipe(schema.targets, train)  # or a refusal, before a worker is started
    row = multiply_adds(first, inputs.shape)
    network, matrix, _ = stack([first])
    beginning = beginning or beginning_of(model, train, schema, split, statistics.preprocessing)
    refuse_seen_rows(beginning.transfer.start, dataset, split)
    steps = split.steps_per_epoch(train.batch_size)
    batch_size = max(split.training_sizes()) if train.batch_size == "full" else train.batch_size
    work = Work(
        members=len(split.members),
        parameters=matrix.shape[1],
        batch_size=batch_size,
        row=row,
        rows=train.epochs * steps * batch_size,
        kinds=kinds_of(split, train),
    )
    plan = make_plan(work, train.accelerator, train.precision, train.threads, train.population, train.engine)
    started = FitStarted(
        split.members,
        train.epochs,
        steps,
        recipe.score,
        work.parameters,
        plan.device,
        plan.threads,
        len(plan.populations),
        plan.engine,
    )
    for sink in sinks:
        sink(started)
    given = hash_of_given(model)
    folder = resume.folder(digest_of_training(schema, split, statistics, sections, plan, given)) if resume else None
    assignment = Assignment(dataset, split, statistics, model, train, augment, plan, folder, beginning)
    with in_use(folder) if folder else nullcontext():
        kept = Kept.joined(ENGINES[plan.engine](assignment, sinks), plan.populations)
    raise_if_all_diverged(kept, split.members)
    activations = tuple(head.loss.output_activation for head in recipe.objective.heads)
    told = {**plan.to_dict(), "steps_per_epoch": steps}
    learnt, begun = learnt_rows(dataset, split, beginning.transfer.start), beginning.transfer.record()
    exporter = Exporter(schema, split, statistics, model, network, told, activations, learnt, begun)
    exported, without = exporter(kept, train.averaging)
    exported = with_account_of_words(exported, split, model.embedding, beginning.words)
    scored = [split.rows(index, Role.SCORED) for index in range(len(split.members))]
    return Trained(exported, exported.predict_lists(dataset.features, scored), without)
