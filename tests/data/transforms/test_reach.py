"""A key of section `preprocess` acts on data of some kinds; for others it is refused, unless every project has it."""

from typing import Any, get_args

import pytest

from foldproof.config.customary import Kind
from foldproof.config.preprocess import REACH, Preprocess
from foldproof.data.preprocessing import preprocessing_of
from foldproof.errors import ConfigError
from tests.data.augmented import dataset_of_text
from tests.data.transforms.sections import CHOICES
from tests.data.transforms.tables import mixed
from tests.training.setting import digits

DATA = {"image": digits(60), "table": mixed(60), "text": dataset_of_text(60)}
CHANGED: dict[str, Any] = {"minimum_count": 2, "pca": 2, "missing_indicator": True, "whiten_epsilon": 0.1} | {
    key: value for section in CHOICES.values() if len(section) == 1 for key, value in section.items()
}
kinds = pytest.mark.parametrize("kind", get_args(Kind))


def test_every_key_has_its_kinds_and_a_value_to_try() -> None:
    assert REACH.keys() == Preprocess.model_fields.keys() == CHANGED.keys()


@kinds
@pytest.mark.parametrize("key", REACH)
def test_a_key_is_refused_where_it_does_nothing(key: str, kind: Kind) -> None:
    section, schema = Preprocess.model_validate({key: CHANGED[key]}), DATA[kind].schema
    if kind in REACH[key].kinds or REACH[key].shipped:
        preprocessing_of(section, schema)
        return
    with pytest.raises(ConfigError) as refused:
        preprocessing_of(section, schema)
    (line,) = refused.value.problems
    assert line.startswith(f"preprocess.{key}: found {CHANGED[key]}, legal for {kind} data: ")


@kinds
def test_what_is_shipped_suits_every_kind(kind: Kind) -> None:
    preprocessing_of(Preprocess(center="channel", scale="channel"), DATA[kind].schema)


def test_all_of_it_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        preprocessing_of(Preprocess(pca=2, whiten="pca", power="log", scaler="robust"), DATA["text"].schema)
    assert [line.partition(":")[0] for line in refused.value.problems] == [
        f"preprocess.{key}" for key in ("scaler", "power", "pca", "whiten")
    ]
