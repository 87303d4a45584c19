"""Trials that differ in numbers alone, trained together as one population.

A trial is one choice of hyper-parameters, a whole `Params`. What a population holds a member, `[P]` or `[P, N]`, may
differ between trials that train together; all else, and whether a technique is on at all, is their *form*. Members of
all trials share keys: fold 3 of one trial meets the rows, the order, the masks and the draws of initial weights that
fold 3 of every other meets, so that trials are compared paired.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from foldproof.config import Params
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Member, Split
from foldproof.data.statistics import Statistics
from foldproof.errors import ConfigError
from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import using_threads
from foldproof.training.events import Sink
from foldproof.training.exporting import Exporter
from foldproof.training.fit import fit
from foldproof.training.learnt_rows import learnt_rows, refuse_seen_rows
from foldproof.training.members import make_data, make_population, make_recipe
from foldproof.training.population import Population, join

# What may differ, and the value at which it is off: there a member lacks what others have. None: never off.
MEMBERWISE: Mapping[str, object] = {
    "model.dropout": 0,
    "model.initial_scale": None,
    "model.initializer": None,
    "model.residual.stochastic_depth": 0,
    "train.averaging.ema.decay": None,
    "train.gradient_clip_norm": "none",
    "train.gradient_clip_value": "none",
    "train.label_smoothing": 0,
    "train.loss.focal.gamma": None,
    "train.loss.huber.delta": None,
    "train.max_norm": "none",
    "train.optimizer.head_rate_factor": 1,
    "train.optimizer.learning_rate": None,
    "train.optimizer.weight_decay": 0,
    "train.penalty.l1": 0,
    "train.penalty.l2": 0,
    **{f"augment.{name}": 0 for name in AUGMENTATIONS},
}

Form = Mapping[str, object]


@dataclass(frozen=True, order=True)
class TrialMember(Member):
    """A member of the trial with this number; what it draws depends on seed, repeat and fold alone."""

    trial: int

    @property
    def name(self) -> str:
        """How the member is called on screens, such as `trial 2 fold 3`."""
        return f"trial {self.trial} {super().name}"


def form_of(trial: Params) -> Form:
    """What trials must share to train together: all params but the numbers of a member, and of those which are on."""
    return {name: value != MEMBERWISE[name] if name in MEMBERWISE else value for name, value in trial.flat().items()}


def by_form(trials: Iterable[Params]) -> list[list[int]]:
    """The numbers of the trials that may train together, group by group, in the order of the trials."""
    groups: list[tuple[Form, list[int]]] = []
    for number, trial in enumerate(trials):
        form = form_of(trial)
        group = next((numbers for known, numbers in groups if known == form), None)
        if group is None:
            groups.append((form, [number]))
        else:
            group.append(number)
    return [numbers for _, numbers in groups]


def make_trials(dataset: Dataset, split: Split, statistics: Statistics, trials: Sequence[Params]) -> Population:
    """The members of all trials, `[T * M, ...]`: those of the first trial, then those of the next.

    Raises ConfigError where two trials differ in form.
    """
    first = form_of(trials[0])
    problems = [
        f"trial {number}: {name}: found {form[name]}, legal beside trial 0: {first[name]}; train it on its own"
        if name in form and name in first
        else f"trial {number}: {name}: only one of it and trial 0 has this key; train it on its own"
        for number, form in enumerate(map(form_of, trials))
        for name in sorted(form.keys() | first.keys())
        if form.get(name) != first.get(name)
    ]
    if problems:
        raise ConfigError(*problems)
    populations = [
        make_population(dataset, split, statistics, trial.model, trial.train, trial.augment) for trial in trials
    ]
    return join([_numbered(population, number) for number, population in enumerate(populations)])


def fit_trials(
    dataset: Dataset,
    split: Split,
    statistics: Statistics,
    trials: Sequence[Params],
    sinks: Sequence[Sink] = (),
    begin: Callable[[Population], Population] = lambda population: population,
    device: str = "cpu",
    threads: int = 1,
) -> list[ExportedModel]:
    """Train trials of one form as one population; each trial's model, of its members' best weights.

    `begin` may change the population before the first step, such as its initial weights. Raises ConfigError where
    trials differ in form. A member that diverges stops alone: its model's record says so, and its best epoch is the
    last one before that improved, or -1.
    """
    population = begin(make_trials(dataset, split, statistics, trials))
    refuse_seen_rows(population.transfer.start, dataset, split)
    train = trials[0].train
    everyone = tuple(range(len(split.members))) * len(trials)
    recipe = make_recipe(dataset.schema.targets, train)
    steps = split.steps_per_epoch(train.batch_size)
    data = make_data(dataset, split, everyone, train.batch_size, steps)
    with using_threads(threads):
        kept = fit(population, data, recipe, device, train.precision, sinks)
    activations = tuple(head.loss.output_activation for head in recipe.objective.heads)
    learnt = learnt_rows(dataset, split, population.transfer.start)
    models: list[ExportedModel] = []
    for number, trial in enumerate(trials):
        own = range(number * len(split.members), (number + 1) * len(split.members))
        told = {"threads": threads, "steps_per_epoch": steps}
        exporter = Exporter(
            dataset.schema,
            split,
            statistics,
            trial.model,
            population.network,
            told,
            activations,
            learnt,
            population.transfer.record(),
        )
        models.append(exporter(kept.select(own), trial.train.averaging)[0])
    return models


def _numbered(population: Population, trial: int) -> Population:
    return replace(
        population, members=tuple(TrialMember(**asdict(member), trial=trial) for member in population.members)
    )
