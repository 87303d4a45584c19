"""What members start from: read from folders and files, compared by name and shape, refused with what is there."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from foldproof.config.model import Model
from foldproof.errors import ConfigError, DataError
from foldproof.model.given import hash_of_given, refuse_untracked
from foldproof.model.stacked import stack
from foldproof.model.start import Start, compare, load, read_start
from foldproof.model.start_source import RECORD, WEIGHTS


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def plain_file(folder: Path, **changes: torch.Tensor) -> Model:
    """A file as torch users write it: `state_dict` of one network."""
    file = folder / "weights.safetensors"
    save_file({**network().state_dict(), **changes}, file)
    return Model(start_from=str(file))


def test_every_member_starts_from_a_plain_file(tmp_path: Path) -> None:
    section = plain_file(tmp_path, **{"2.weight": torch.zeros(5, 3)})
    start = read_start(section)
    assert start is not None
    stacked, matrix, buffers = stack([network() for _ in range(3)])
    compared = compare(stacked, buffers, start, new_head=False)
    fates = {one.name: one.fate for one in compared}
    assert fates.pop("2.weight") == "shape differs"
    assert set(fates.values()) == {"loaded"}
    assert [str(one).split() for one in compared if one.name == "2.weight"] == [
        ["2.weight", "2x3", "shape", "differs", "(there", "5x3)"]
    ]
    places = [start.place_of(0, fold, fold) for fold in range(3)]
    loaded, averages = load(stacked, matrix, buffers, start, places, frozenset({"0.weight", "1.running_mean"}))
    found = stacked.layout.unfold(loaded)
    assert all(torch.equal(one, start.tensors["0.weight"][0]) for one in found["0.weight"])
    assert torch.equal(found["2.weight"], stacked.layout.unfold(matrix)["2.weight"])
    assert averages["1.running_mean"].shape == (3, 3)


def test_a_member_takes_its_own_place_or_goes_round() -> None:
    start = Start("", {}, None, ((0, 0), (0, 1), (1, 0)))
    assert [start.place_of(*one) for one in ((1, 0, 0), (0, 1, 7), (2, 5, 4))] == [2, 1, 1]


def test_where_nothing_fits_the_nearest_names_are_told(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(3, 4), "bias": torch.zeros(7)}, file)
    start = read_start(Model(start_from=str(file)))
    assert start is not None
    stacked, _, buffers = stack([network()])
    with pytest.raises(ConfigError) as refusal:
        compare(stacked, buffers, start, new_head=False)
    first, *table = refusal.value.problems
    assert first.startswith(
        "model.start_from: nothing of it fits this network: it has no 0.weight 3x4, its nearest: features.0.weight 3x4"
    )
    assert len(table) == 9
    assert all("missing" in line for line in table)


def test_what_is_not_there_or_not_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.safetensors").write_bytes(b"12")
    (tmp_path / "weights.pt").write_bytes(b"")
    save_file({"parameters.0.weight": torch.zeros(1, 2, 2)}, tmp_path / WEIGHTS)
    cases = {
        "models:/digits@champion": "run `foldproof fetch models:/digits@champion data/start/mine`",
        "nowhere": "no such file, legal: a folder with model.json",
        str(tmp_path / "empty"): f"{RECORD}, .*{WEIGHTS}: no such file",
        str(tmp_path / "weights.pt"): r"legal: a folder .* or a \.safetensors file",
        str(tmp_path / "torn.safetensors"): "not a readable file",
        str(tmp_path / WEIGHTS): "legal: its folder",
    }
    for path, told in cases.items():
        with pytest.raises(ConfigError, match=f"model.start_from: .*{told}"):
            read_start(Model(start_from=path))
    (tmp_path / "empty" / RECORD).write_text("{}")
    (tmp_path / "empty" / WEIGHTS).write_bytes(b"")
    with pytest.raises(DataError, match="not a readable model"):
        read_start(Model(start_from=str(tmp_path / "empty")))


def test_its_content_is_part_of_what_is_given(tmp_path: Path) -> None:
    section = plain_file(tmp_path)
    before = hash_of_given(section)
    assert before
    plain_file(tmp_path, **{"2.bias": torch.ones(2)})
    assert hash_of_given(section) != before
    assert hash_of_given(Model()) == ""


def test_it_must_be_a_dep_of_what_makes_networks(tmp_path: Path) -> None:
    described = tmp_path / "dvc.yaml"
    described.write_text("stages: {check: {deps: [data/start]}, train: {deps: [data/start]}}\n")
    (tmp_path / "data/start").mkdir(parents=True)
    refuse_untracked(plain_file(tmp_path / "data/start"), tmp_path)
    with pytest.raises(ConfigError, match=r"add `- weights\.safetensors` to the deps of stage train"):
        refuse_untracked(plain_file(tmp_path), tmp_path)
    refuse_untracked(Model(), tmp_path / "nowhere")
