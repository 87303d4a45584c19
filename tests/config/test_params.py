"""Params are closed and frozen; YAML is read by the rules of 1.2; every problem is told at once, with what is legal."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from foldproof.config import Params, load_params, params_from
from foldproof.config.reading import parse_yaml
from foldproof.errors import ConfigError

ROOT = Path(__file__).parents[2]


def problems_in(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        params_from(parse_yaml(text))
    return caught.value.problems


def test_the_shipped_file_is_valid() -> None:
    assert load_params(ROOT / "params.yaml").train.optimizer.name == "adam"


def test_a_loss_by_its_name_alone_is_the_block_of_that_name() -> None:
    by_name, by_block = (params_from({"schema": 1, "train": {"loss": loss}}) for loss in ("mae", {"name": "mae"}))
    assert by_name == by_block
    assert "train.loss.huber.delta" not in by_name.flat(), "its settings shaped nothing"


def test_every_problem_is_told_at_once() -> None:
    told = problems_in("schema: 1\nsed: 3\nsplit: {folds: 1, test_share: no}\ntrain: {epochs: 1.5, batch_size: -2}")
    assert [line.split(": ")[1] for line in told] == [
        "split.test_share",
        "split.folds",
        "train.epochs",
        "train.batch_size",
        "sed",
    ]


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        ("train: {learning_rte: 3}", "train.learning_rte", "did you mean 'train.optimizer.learning_rate'?"),
        ("train: {epocs: 3}", "train.epocs", "did you mean 'epochs'?"),
        ("train: {loss: hubert}", "train.loss.name", "did you mean 'huber'?"),
        ("train: {loss: {huber: {delta: 0}}}", "train.loss.huber.delta", "a number > 0"),
        ("train: {loss: {focal: {gamma: -1}}}", "train.loss.focal.gamma", "a number >= 0"),
        ("train: {class_weights: even}", "train.class_weights", "none or balanced"),
        ("train: {optimizer: {name: adm}}", "train.optimizer.name", "did you mean 'adam'?"),
        ("train: {optimizer: {learning_rate: -0.1}}", "train.optimizer.learning_rate", "a number > 0"),
        ("train: {optimizer: {learning_rate: fast}}", "train.optimizer.learning_rate", "a number or auto"),
        ("train: {optimizer: {learning_rate: .nan}}", "train.optimizer.learning_rate", "found nan"),
        ("train: {optimizer: {weight_decay: -1e-4}}", "train.optimizer.weight_decay", "found -0.0001"),
        ("train: {optimizer: {adam: {betas: [0.9, 1]}}}", "train.optimizer.adam.betas[1]", "a number < 1"),
        (
            "train: {optimizer: {adam: {momentum: 0.9}}}",
            "train.optimizer.adam.momentum",
            "legal here: betas, epsilon",
        ),
        ("model: {dropout: 1}", "model.dropout", "a number < 1"),
        ("model: {mlp: {hidden: [8, 0]}}", "model.mlp.hidden[1]", "a number >= 1"),
        ("model: {mlp: {hidden: []}}", "model.mlp.hidden", "a list of at least 1"),
        ("model: {name: CNN}", "model.name", "linear, mlp, cnn, residual or factory"),
        ("model: {initializer: xavier}", "model.initializer", "did you mean 'glorot'?"),
        ("model: {initializer: kaiming}", "model.initializer", "did you mean 'he'?"),
        ("model: {mlp: {batch_norm: true}}", "model.mlp.batch_norm", "write model.normalisation: batch, or none"),
        ("model: {cnn: {batch_norm: false}}", "model.cnn.batch_norm", "write model.normalisation: batch, or none"),
        ("model: {cnn: {layers: [{channels: 4, kernl: 3}]}}", "model.cnn.layers[0].kernl", "did you mean 'kernel'?"),
        ("model: {cnn: {layers: [{channels: 4}, {}]}}", "model.cnn.layers[1].channels", "must be given"),
        ("model: {cnn: {layers: [{channels: 0}]}}", "model.cnn.layers[0].channels", "a number >= 1"),
        ("model: {cnn: {layers: [{channels: 1, padding: all}]}}", "model.cnn.layers[0].padding", "same or a whole"),
        ("model: {cnn: {layers: 3}}", "model.cnn.layers", "a list"),
        ("model: {cnn: {kernel: 4}}", "model.cnn.kernel", "found 4, legal: 1, 3, 5"),
        ("train: {optimizer: {nesterov: {momentum: 0}}}", "train.optimizer.nesterov.momentum", "a number > 0"),
        ("split: {folds: 1}", "split.folds", "found 1, legal: a number >= 2"),
        ("split: {folds: true}", "split.folds", "found True"),
        ("seed: no", "seed", "found 'no', legal: a whole number"),
        ("data: {source: csv, path: data/raw/a.csv}", "data.target", "the name of the column to predict"),
        ("data: {source: npz, path: /tmp/a.npz}", "data.path", "below data/raw/"),
        ("data: {source: npz, path: data/raw/a.npz, target: [a, b]}", "data.target", "found 2 names, legal with"),
        (
            "data: {source: csv, path: data/raw/a.csv, target: y, drop: [y]}",
            "data.target",
            "found 'y', legal: a",
        ),
        ("data: {source: csv, path: data/raw/a.csv, target: y, types: {a: text}}", "data.types.a", "category"),
        ("data: {source: npz, path: data/raw/../../a.npz}", "data.path", "below data/raw/"),
        ("data: {source: image_folder}", "data.path", "the file or folder to read"),
        ("data: {source: image_folder, path: data/raw/a, test_path: /b}", "data.test_path", "found '/b', legal: below"),
        ("data: {source: idx, path: data/raw/a, size: [3, 3]}", "data.size", "it is a key of image_folder"),
        ("model: {embedding: {vectors: data/raw/a.txt}}", "model.embedding.vectors", "below data/start/"),
        ("data: {source: image_folder, path: data/raw/a, size: [3, 0]}", "data.size[1]", ">= 1"),
        ("train: 3", "train", "a block of keys"),
    ],
)
def test_a_problem_names_path_found_and_legal(text: str, path: str, told: str) -> None:
    (line,) = problems_in(f"schema: 1\n{text}")
    assert line.split(": ")[1] == path
    assert told in line


@pytest.mark.parametrize("schema", ["", "schema: 2", "schema: '1'", "schema: true", "schema: null"])
def test_another_schema_is_refused_by_name(schema: str) -> None:
    (line,) = problems_in(f"{schema}\nseed: 1")
    assert "this foldproof reads schema 1" in line


def test_numbers_are_what_they_look_like() -> None:
    params = params_from(parse_yaml("schema: 1\nseed: 010\ntrain: {optimizer: {learning_rate: 1e-3, weight_decay: 1}}"))
    assert params.seed == 10
    assert params.train.optimizer.learning_rate == 0.001
    assert params.train.optimizer.weight_decay == 1.0


scalars = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.sampled_from(
        [
            "1e-3",
            "1E5",
            "010",
            "0o17",
            "0x1F",
            "no",
            "yes",
            "on",
            "true",
            "False",
            "null",
            "~",
            "1_000",
            ".5",
            "1.",
            "+3",
            "12:30",
            "-1_0",
            "auto",
        ]
    ),
)


@given(scalars)
def test_scalars_are_read_as_dvc_reads_them(text: str) -> None:
    theirs = YAML(typ="safe", pure=True).load(f"key: {text}")["key"]
    ours = parse_yaml(f"key: {text}")["key"]
    assert (type(ours), ours) == (type(theirs), theirs)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("schema: 1\nseed: 1\nseed: 2\n")
    with pytest.raises(ConfigError, match=r"params.yaml:3:1: .*'seed' is given twice"):
        load_params(path)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\x00", b"- 1", b""])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        load_params(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_params(tmp_path / "params.yaml")


def test_params_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Params().train.epochs = 3


def test_flat_holds_the_named_block_alone() -> None:
    flat = params_from({"schema": 1, "train": {"optimizer": {"name": "nesterov"}}}).flat()
    assert flat["train.optimizer.nesterov.momentum"] == 0.9
    assert not [name for name in flat if ".adam" in name or ".momentum.momentum" in name]


def test_flat_holds_the_blocks_of_chosen_activations_and_networks_and_every_layer() -> None:
    model = {"name": "cnn", "activation": "elu", "cnn": {"layers": [{"channels": 4}, {"channels": 8, "pool": 2}]}}
    flat = params_from({"schema": 1, "model": model}).flat()
    assert flat["model.elu.alpha"] == 1.0
    assert flat["model.cnn.layers.1.pool"] == 2
    assert flat["model.cnn.layers.0.padding"] == "same"
    assert flat["model.factory"] == "none"
    others = ("model.leaky_relu", "model.group", "model.mlp", "model.residual")
    assert not [name for name in flat if name.startswith(others)]


def test_yaml_objects_are_not_made() -> None:
    with pytest.raises(yaml.YAMLError):
        parse_yaml("!!python/object/apply:os.system ['true']")


def leaves(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found.update(leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return found


def test_the_shipped_file_gives_common_keys_and_the_page_in_docs_all() -> None:
    shipped = leaves(parse_yaml((ROOT / "params.yaml").read_text()))
    legal = leaves(Params().model_dump(mode="json", by_alias=True))
    assert not set(shipped) - set(legal)
    page = (ROOT / "docs" / "params.md").read_text(encoding="utf-8")
    assert [key for key in legal if f"| `{key}` |" not in page] == []


def test_what_is_looked_at_before_training_is_no_part_of_a_runs_identity() -> None:
    shipped, strict = ({"schema": 1}, {"schema": 1, "check": {"first_loss": {"factor": 1.1}, "on_error": "warn"}})
    assert params_from(strict).flat() == params_from(shipped).flat()
    assert not [name for name in params_from(shipped).flat() if name.startswith("check")]
