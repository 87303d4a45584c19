"""`auto` stands for what is customary for the kind of data, and for nothing else."""

import json
from pathlib import Path
from typing import get_args

import pytest

from foldproof.config.customary import CUSTOMARY, Kind, with_customary
from foldproof.config.params import Params, load_params, params_from
from foldproof.config.reading import read_yaml
from foldproof.config.reference import customary

SHIPPED = Path(__file__).resolve().parents[2] / "params.yaml"
kinds = pytest.mark.parametrize("kind", get_args(Kind))


def at(values: object, path: str) -> object:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else getattr(values, key)
    return values


@kinds
@pytest.mark.parametrize("key", CUSTOMARY)
def test_each_key_takes_the_value_of_the_kind(key: str, kind: Kind) -> None:
    section, *inner = key.split(".")
    values: object = "auto"
    for name in reversed(inner):
        values = {name: values}
    wanted = params_from(
        {"schema": 1, section: json.loads(json.dumps(values).replace('"auto"', json.dumps(CUSTOMARY[key][kind])))}
    )
    assert params_from({"schema": 1, section: values}, kind=kind) == wanted
    assert str(CUSTOMARY[key][kind]).lower() in customary(key)


@kinds
def test_what_is_said_is_kept_and_what_is_absent_is_put_in_only_if_asked_for(kind: Kind) -> None:
    values = {"schema": 1, "model": {"name": "linear"}}
    assert with_customary(values, kind) == values
    filled = with_customary(values, kind, absent=True)
    assert all(at(filled, key) == of[kind] for key, of in CUSTOMARY.items() if key != "model.name")
    assert filled["model"]["name"] == "linear"
    assert values == {"schema": 1, "model": {"name": "linear"}}


def test_the_kind_is_that_of_the_data_prepared_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("{schema: 1, model: {name: auto}}")
    assert load_params(tmp_path / "params.yaml").model.name == "cnn"
    prepared = tmp_path / "data" / "prepared"
    prepared.mkdir(parents=True)
    (prepared / "schema.json").write_text('{"kind": "table"}')
    assert load_params(tmp_path / "params.yaml").model.name == "mlp"
    assert load_params(tmp_path / "params.yaml", "image").model.name == "cnn"


@kinds
@pytest.mark.parametrize("other", get_args(Kind))
def test_params_that_suit_one_kind_can_be_read_for_any(kind: Kind, other: Kind, tmp_path: Path) -> None:
    """A stage may read them before the data of the kind is prepared."""
    most = CUSTOMARY["train.epochs"][kind]
    (tmp_path / "params.yaml").write_text(
        f"{{schema: 1, train: {{epochs: auto, averaging: {{snapshots: {{every_epochs: {most}}}}}}}}}"
    )
    assert load_params(tmp_path / "params.yaml", other).train.averaging.snapshots.every_epochs == most


def test_a_key_that_cannot_be_auto_is_still_refused() -> None:
    with pytest.raises(Exception, match=r"split.folds: found 'auto', legal"):
        params_from({"schema": 1, "split": {"folds": "auto"}})


@kinds
def test_the_file_that_is_shipped_suits_every_kind(kind: Kind) -> None:
    assert isinstance(load_params(SHIPPED, kind), Params)
    shipped = read_yaml(SHIPPED)
    assert {key for key in CUSTOMARY if at(shipped, key) not in ("auto", None)} == set()
