"""Each source takes the keys of section `data` that do something for it, needs some of them, and refuses the others."""

from typing import Any, get_args

import pytest

from foldproof.config import params_from
from foldproof.config.data import NEEDED, Data
from foldproof.config.sources import OWN, SOURCES, SourceKeys, SourceName
from foldproof.data import sources
from foldproof.errors import ConfigError

TABLE: dict[str, SourceKeys] = {**SOURCES, "my_rows:read": OWN}
GIVEN: dict[str, Any] = {
    "path": "data/raw/mine",
    "sha256": "0" * 64,
    "target": "y",
    "group": "g",
    "time": "t",
    "weight": "w",
    "id": "i",
    "drop": ["d"],
    "types": {"x": "category"},
    "delimiter": ";",
    "decimal": ",",
    "columns": ["token", "y"],
    "window": 3,
    "task": "classification",
    "labels": "data/raw/labels",
    "test_path": "data/raw/test",
    "colour": "grey",
    "size": [8, 8],
    "fit": "crop",
}
every_source = pytest.mark.parametrize("source", TABLE)


def least(source: str) -> dict[str, Any]:
    return {"source": source, **{key: GIVEN[key] for key in TABLE[source].needs}}


def problems_in(section: dict[str, Any]) -> list[str]:
    try:
        params_from({"schema": 1, "data": section})
    except ConfigError as error:
        return list(error.problems)
    return []


def test_every_source_and_every_key_is_here() -> None:
    assert set(SOURCES) == set(get_args(SourceName)) == set(sources.SOURCES)
    assert GIVEN.keys() | {"source"} == Data.model_fields.keys()
    assert {key for keys in TABLE.values() for key in keys.needs} == NEEDED.keys()
    assert {key for keys in TABLE.values() for key in (*keys.needs, *keys.takes)} == GIVEN.keys()


@every_source
@pytest.mark.parametrize("key", GIVEN)
def test_a_key_is_taken_or_refused_by_name(source: str, key: str) -> None:
    told = problems_in({**least(source), key: GIVEN[key]})
    if key in (*TABLE[source].needs, *TABLE[source].takes):
        assert told == []
    else:
        (line,) = told
        assert line.startswith(f"params: data.{key}: found {GIVEN[key]!r}, legal with source {source!r}: not set")


@every_source
def test_keys_at_their_defaults_are_no_problem(source: str) -> None:
    defaults = Data().model_dump() | {"path": None, "target": None, "drop": []}
    assert problems_in(defaults | least(source)) == []


@every_source
def test_what_is_needed_is_told_by_name(source: str) -> None:
    told = problems_in({"source": source})
    assert [line.split(": ")[1] for line in told] == [f"data.{key}" for key in TABLE[source].needs]


@every_source
def test_several_targets_are_for_those_that_can_learn_them(source: str) -> None:
    section = {**least(source), "target": ["y", "z"]}
    if source == "conll":
        section["columns"] = ["token", "y", "z"]
    assert (problems_in(section) == []) is TABLE[source].several_targets


def test_all_that_is_wrong_is_told_at_once_and_its_path_once() -> None:
    named_twice = {"target": "y", "group": "g", "drop": ["y", "g"]}
    told = problems_in({"source": "csv", "path": "/tmp/a", "window": 4, "size": [3, 3], **named_twice})
    assert [line.split(": ")[1] for line in told] == [
        "data.window",
        "data.size",
        "data.path",
        "data.target",
        "data.drop",
    ]
    assert not [line for line in told if "data." in line.partition(": data.")[2]]
