"""Any valid params, drawn over all tables: alone = stacked, killed + resumed = straight, held-out rows change nothing.

The strategy is read off the sections themselves, so a new row or key joins by itself.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from foldproof.config import Params, params_from
from foldproof.config.augment import Augment
from foldproof.config.model import Model
from foldproof.config.preprocess import Preprocess
from foldproof.config.train import Train
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError, FoldproofError, TrainingError
from foldproof.training.kept import Kept
from foldproof.training.members import make_population, make_recipe
from tests.data.augmented import dataset_of_text
from tests.data.transforms.tables import mixed
from tests.training.setting import diabetes, digits, digits_twice, fit_together, killed_and_resumed, split_of

Made = TypeVar("Made")

# What keeps a fit small and its two sides comparable; everything else is drawn.
FIXED: dict[str, Any] = {
    "train.epochs": 3,
    "train.precision": "fp64",
    "train.accelerator": "cpu",
    "train.threads": 1,
    "train.population": "auto",
    "train.engine": "in_process",
    "train.divergence_factor": 1e9,
    "model.start_from": None,  # weights that fit are made in test_transfer.py
    "model.embedding.vectors": None,  # a file; tests/training/test_tagger.py has some
    "model.embedding.watch": [],
}
LARGEST = {
    "train.batch_size": 24,
    "model.cnn.kernel": 5,
    **dict.fromkeys(("model.cnn.layers.kernel", "model.cnn.layers.padding"), 3),
    **dict.fromkeys(("model.cnn.layers.stride", "model.cnn.layers.pool", "model.residual.blocks"), 2),
    "model.maxout.pieces": 3,
    "train.averaging.snapshots.every_epochs": 3,
    "model.unfreeze_epoch": 2,
}
SCALARS: dict[Any, st.SearchStrategy[Any]] = {type(None): st.none(), bool: st.booleans()}
WORDS = {
    "model.factory": [f"tests.model.own_network:{name}" for name in ("plain", "recurrent", "of_tables")],
    "model.freeze": ["1", "2", "4"],
}
NAMES = {"train.target_weights": ["digit", "ink"]}
# Where the default is made for other data, or for other inputs: what a key that was refused falls back to.
FITTING: dict[str, Any] = {
    "model.name": "mlp",
    "model.factory": "tests.model.own_network:of_tables",
    "model.group.groups": 1,
    "train.batch_size": "full",
}


def values_of(annotation: Any, path: str, metadata: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """A strategy for every value that this annotation of a section's key allows."""
    if path in FIXED:
        return st.just(FIXED[path])
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return values_of(inner, path, (*metadata, *more))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return st.one_of(*(values_of(branch, path, metadata) for branch in get_args(annotation)))
    if origin in (tuple, dict):
        return several(get_args(annotation), path)
    if annotation in SCALARS:
        return SCALARS[annotation]
    if annotation is str:
        return st.sampled_from(WORDS[path])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return section(annotation, f"{path}.")
    return numbers(annotation, path, metadata)


def several(items: tuple[Any, ...], path: str) -> st.SearchStrategy[Any]:
    """A list of one or two, or of as many as its items, or a block with some of the names that there are."""
    if path in NAMES:
        return st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[path], values_of(items[1], path)))
    if items[-1] is Ellipsis:
        return st.lists(values_of(items[0], path), min_size=1, max_size=2)
    return st.tuples(*(values_of(item, path) for item in items)).map(list)


def numbers(kind: type, path: str, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    low, high = 0.0, 1.0
    for constraint in flattened(metadata):
        low = max(low, float(getattr(constraint, "gt", low)), float(getattr(constraint, "ge", low)))
        high = min(high, float(getattr(constraint, "lt", high)), float(getattr(constraint, "le", high)))
    if kind is int:
        return st.integers(int(low), LARGEST.get(path, 12))
    share = 0.02 if path.endswith("learning_rate") else 0.9
    return st.floats(0.1, 0.9).map(lambda value: low + share * value * (high - low))


def flattened(metadata: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for entry in metadata:
        found.extend(getattr(entry, "metadata", [entry]))
    return [entry for entry in found if isinstance(entry, annotated_types.BaseMetadata)]


def section(model: type[BaseModel], prefix: str = "") -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: key(f"{prefix}{name}", field) for name, field in model.model_fields.items()})


def key(path: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    """What is off by default, a number that is 0 or a `none`, is off in half of the draws."""
    drawn = values_of(field.annotation, path, tuple(field.metadata))
    return st.just(field.default) | drawn if field.default in (0, "none") and path not in FIXED else drawn


SECTIONS: dict[str, type[BaseModel]] = {"preprocess": Preprocess, "augment": Augment, "model": Model, "train": Train}
jobs = st.fixed_dictionaries({name: section(model, f"{name}.") for name, model in SECTIONS.items()})
DATA = {
    "digits": digits(160),
    "diabetes": diabetes(120),
    "mixed": mixed(160),
    "text": dataset_of_text(120),
    "digits_twice": digits_twice(140),
}


def whole_job(values: dict[str, Any], dataset: Dataset) -> tuple[Params, Split]:
    """The drawn sections as params for this data; a draw that does not fit the data is refused with its reason."""
    chosen = params_from({"schema": 1, "seed": 3, "split": {"folds": 2, "stratify": "auto"}, **values})
    return chosen, split_of(dataset, chosen)


def must_be_told(refusal: ConfigError | TrainingError) -> None:
    """A combination may be refused, but never without saying what would be legal."""
    diverged = isinstance(refusal, TrainingError)
    assert diverged or all("legal" in problem or "pool a map" in problem for problem in refusal.problems), refusal


def settled(
    name: str, values: dict[str, Any], attempt: Callable[[Params, Split], Made]
) -> tuple[Params, Split, Made] | None:
    """A job that is not refused, and what the attempt made: keys that a refusal names go back to their defaults."""
    while True:
        try:
            chosen, split = whole_job(values, DATA[name])
            return chosen, split, attempt(chosen, split)
        except (ConfigError, TrainingError) as refusal:
            must_be_told(refusal)
            values, before = put_back(values, refusal, FITTING), values
            if values == before:
                return None


def put_back(values: dict[str, Any], refusal: FoldproofError, fitting: dict[str, Any]) -> dict[str, Any]:
    """The draw, with the keys that the refusal names back at their defaults; itself where it names none of its keys."""
    mended = deepcopy(values)
    for part in (part for problem in refusal.problems for part in problem.split(": ")):
        *sections, key = part.split(".")
        block: Any = mended
        for section_name in sections:
            block = block.get(section_name, {}) if isinstance(block, dict) else {}
        if isinstance(block, dict) and key in block:
            del block[key]
            block |= {key: fitting[part]} if part in fitting else {}
    return mended


def with_garbage(dataset: Dataset, rows: np.ndarray) -> Dataset:
    features, targets = np.array(dataset.features), np.array(dataset.targets)
    categories = [column.kind == "category" for column in dataset.schema.columns]
    features[rows] = 255 if features.dtype == np.uint8 else np.where(categories, -1, 1e6)
    targets[rows] = -1e6 if dataset.schema.task == "regression" else targets[rows][::-1]
    return replace(dataset, features=features, targets=targets)


@pytest.mark.parametrize("name", DATA)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(jobs)
def test_alone_is_stacked_resumed_is_straight_held_out_rows_do_not_matter(name: str, values: dict[str, Any]) -> None:
    dataset = DATA[name]
    found = settled(name, values, lambda chosen, split: fit_together(dataset, split, chosen, (0, 1)))
    if found is None:
        return
    chosen, split, stacked = found
    for index in (0, 1):
        alone = fit_together(dataset, split, chosen, (index,))
        apart = differing(alone, {name: value[index : index + 1] for name, value in stacked.tensors().items()})
        assert not apart or rounding_decides(dataset, split, chosen, alone, index), apart
    held_out = np.concatenate([split.rows(0, Role.SCORED), split.rows(0, Role.TEST)])
    garbage = fit_together(with_garbage(dataset, held_out), split, chosen, (0,))
    clean = fit_together(dataset, split, chosen, (0,))
    assert_the_same(garbage, clean)
    assert_the_same(killed_and_resumed(dataset, split, chosen, (0, 1)), stacked)


def differing(one: Kept, other: dict[str, torch.Tensor]) -> list[str]:
    """The names of what differs by more than rounding."""
    tensors = one.tensors().items()
    return [name for name, value in tensors if not torch.allclose(other[name], value, rtol=1e-7, atol=1e-9)]


def rounding_decides(dataset: Dataset, split: Split, chosen: Params, alone: Kept, index: int) -> bool:
    """Whether the member alone becomes another one when its first weights are nudged by a rounding.

    From zeros, say, all activations begin at their kink, and which slope they have there is for rounding to say: no two
    orders of summation agree. Where a nudge changes nothing, neither may a neighbour.
    """
    nudged = (fit_together(dataset, split, chosen, (index,), nudge=nudge) for nudge in (1e-15, -1e-15))
    return any(differing(alone, one.tensors()) for one in nudged)


def assert_the_same(found: Kept, wanted: Kept) -> None:
    assert found.facts() == wanted.facts()
    assert found.tensors().keys() == wanted.tensors().keys()
    assert all(torch.equal(found.tensors()[name], value) for name, value in wanted.tensors().items())


@pytest.mark.parametrize("name", DATA)
def test_most_draws_are_jobs_that_run(name: str) -> None:
    """The combination test would be worth little if most of what it draws were refused."""
    dataset, ran = DATA[name], list[bool]()

    def made(chosen: Params, split: Split) -> None:
        statistics = fit_statistics(dataset, split, chosen.preprocess)
        make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, (0,))
        make_recipe(dataset.schema.targets, chosen.train)

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(jobs)
    def count(values: dict[str, Any]) -> None:
        ran.append(settled(name, values, made) is not None)

    count()
    assert sum(ran) > len(ran) / 2
