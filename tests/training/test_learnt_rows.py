"""A row is the same row wherever it stands; a start that has learnt from what is held out is refused, else not."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from foldproof.config import Params
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.schema import Column
from foldproof.data.splits import Split
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import read_json, write_json
from foldproof.training.beginning import beginning_of
from foldproof.training.cross_validation import train_members
from foldproof.training.learnt_rows import digests_of_rows, learnt_rows
from tests.training.setting import params, split_of


def numbers(seed: int, rows: int, name: str) -> Dataset:
    draw = np.random.default_rng(seed)
    return describe(name, draw.normal(size=(rows, 4)), np.arange(rows) % 2)


MINE, OTHERS = numbers(0, 60, "mine"), numbers(1, 40, "others")


def job(start: Path | None = None, seed: int = 0, folds: int = 2) -> Params:
    return params(
        split={"folds": folds, "seed": seed, "test_share": 0.2},
        model={"name": "linear", "start_from": str(start) if start else None},
        train={"epochs": 1, "batch_size": 8, "threads": 1, "accelerator": "cpu"},
    )


def train_on(dataset: Dataset, chosen: Params) -> ExportedModel:
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment).model


def told(dataset: Dataset, chosen: Params) -> str:
    split = split_of(dataset, chosen)
    preprocessing = fit_statistics(dataset, split, chosen.preprocess).preprocessing
    return "\n".join(beginning_of(chosen.model, chosen.train, dataset.schema, split, preprocessing).lines())


@cache
def of_mine() -> ExportedModel:
    return train_on(MINE, job())


@pytest.fixture
def start(tmp_path: Path) -> Path:
    of_mine().save(tmp_path / "mine")
    return tmp_path / "mine"


def renamed(dataset: Dataset) -> Dataset:
    return complete(replace(dataset, schema=replace(dataset.schema, name="copy")))


def one_more(dataset: Dataset) -> Dataset:
    features = np.concatenate([dataset.features, dataset.features[:1] + 9])
    return describe(dataset.schema.name, features, np.append(dataset.targets, 0))


def backwards(dataset: Dataset) -> Dataset:
    return describe("backwards", dataset.features[::-1], dataset.targets[::-1])


@pytest.mark.parametrize("change", [renamed, one_more, backwards])
def test_the_same_rows_are_known_again(start: Path, change: Any) -> None:
    with pytest.raises(ConfigError, match=r"model\.start_from: .* has learnt.* from \d+ rows .* held out here from"):
        train_on(change(MINE), job(start, seed=1))


def test_the_rows_that_are_named_are_those_that_were_seen(start: Path) -> None:
    known = numbers(7, 40, "known")
    chosen = job(start)
    split = split_of(known, chosen)
    held_out, seen = split.test_rows()[0], split_of(MINE, job()).training_part(0)[0]
    features = known.features.copy()
    features[held_out] = MINE.features[seen]
    mixed = complete(replace(known, features=features))
    statistics = fit_statistics(mixed, split, chosen.preprocess)
    with pytest.raises(ConfigError, match=rf"from 1 rows \({held_out}\) which are held out here from fold"):
        train_members(mixed, split, statistics, chosen.model, chosen.train, chosen.augment)


def test_what_a_start_had_started_from_is_not_forgotten(start: Path, tmp_path: Path) -> None:
    between = train_on(OTHERS, job(start))
    for index, rows in enumerate(of_mine().learnt_rows):
        assert np.isin(rows, between.learnt_rows[index]).all()
        assert len(between.learnt_rows[index]) > len(rows)
    between.save(tmp_path / "between")
    assert "cannot be known" not in told(OTHERS, job(tmp_path / "between"))
    with pytest.raises(ConfigError, match="itself or through what it started from"):
        train_on(MINE, job(tmp_path / "between", seed=1))


def test_other_rows_and_the_same_split_are_good_starts(start: Path) -> None:
    train_on(OTHERS, job(start, seed=3))
    train_on(renamed(MINE), job(start))


def test_what_a_model_keeps_is_what_its_members_may_learn_from(start: Path) -> None:
    digests, split, loaded = digests_of_rows(MINE), split_of(MINE, job()), ExportedModel.load(start)
    assert len(np.unique(digests)) == len(MINE.features)
    for index in range(len(split.members)):
        wanted = np.sort(digests[split.training_part(index)])
        assert np.array_equal(loaded.learnt_rows[index], wanted)
        assert loaded.learnt_rows[index].dtype == np.int64
    assert loaded.record["learnt_rows_complete"] is True
    assert train_on(MINE, job()).learnt_rows[0].tobytes() == loaded.learnt_rows[0].tobytes(), "the same bytes again"


def test_of_a_model_without_them_it_is_said_that_nothing_can_be_known(start: Path, tmp_path: Path) -> None:
    path = start / "members.safetensors"
    save_file({name: one for name, one in load_file(path).items() if not name.startswith("learnt_rows")}, path)
    record = read_json(start / "model.json")
    del record["learnt_rows_complete"]
    write_json(start / "model.json", record)
    assert "cannot be known" in told(OTHERS, job(start))
    between = train_on(OTHERS, job(start))
    assert between.record["learnt_rows_complete"] is False
    between.save(tmp_path / "between")
    assert "cannot be known" in told(numbers(5, 40, "third"), job(tmp_path / "between"))


def test_a_copy_that_a_member_may_learn_from_itself_does_not_count(start: Path) -> None:
    """Equal rows on both sides, as split.duplicates separate leaves them."""
    twice = describe("twice", np.tile(OTHERS.features[:20], (2, 1)), np.arange(40) % 2)
    chosen = job().model_copy(update={"split": job().split.model_copy(update={"duplicates": "separate"})})
    train_on(twice, chosen).save(start)
    again = chosen.model_copy(update={"model": job(start).model})
    train_on(renamed(twice), again)


def coded(values: tuple[str, ...], column: list[str | None], numbers: list[float]) -> Dataset:
    codes = [np.nan if one is None else float(values.index(one)) for one in column]
    found = describe("coded", np.stack([codes, numbers], axis=1), np.arange(len(codes)) % 2)
    columns = (Column("c", "category", values, missing=True), Column("x"))
    return complete(replace(found, schema=replace(found.schema, columns=columns)))


def test_a_category_is_its_text_and_missing_is_missing() -> None:
    numbers_of = [0.0, 1.0, 2.0, 0.0]
    one = coded(("b", "c"), ["b", "c", None, "c"], numbers_of)
    other = coded(("a", "b", "c"), ["b", "c", None, "a"], [-0.0, 1.0, 2.0, 0.0])
    same = digests_of_rows(one) == digests_of_rows(other)
    assert same.tolist() == [True, True, True, False]
    assert len(np.unique(digests_of_rows(one))) == 4


def test_a_token_is_known_by_its_sentence_whatever_window_and_vocabulary() -> None:
    """Codes by hand: `the cat` and `the dog`, in one vocabulary and a longer one, in windows of 1 and 3."""

    def text(values: tuple[str, ...], words: list[str], groups: list[int], window: int) -> Dataset:
        codes = np.array([values.index(word) for word in words], dtype=np.int32)
        rows = np.full((len(words), window, 1), len(values), dtype=np.int32)
        rows[:, window // 2, 0] = codes
        schema = replace(
            MINE.schema, kind="text", shape=(window, 1), columns=(Column("word", "category", values),), rows=len(words)
        )
        return Dataset(schema, rows, np.arange(len(words)) % 2, groups=np.array(groups))

    short = digests_of_rows(text(("cat", "dog", "the"), ["the", "cat", "the", "dog"], [0, 0, 1, 1], 1))
    long = digests_of_rows(text(("a", "cat", "dog", "the"), ["the", "dog", "the", "cat"], [5, 5, 9, 9], 3))
    assert np.array_equal(short, long[[2, 3, 0, 1]])
    assert len(np.unique(short)) == 4, "the same word in another sentence is another row"


def test_images_differ_by_their_pixels() -> None:
    images = np.zeros((3, 1, 2, 2), dtype=np.uint8)
    images[2, 0, 1, 1] = 1
    found = describe("images", images, np.array([0, 1, 0]))
    digests = digests_of_rows(found)
    assert digests[0] == digests[1] != digests[2]


def test_hashes_of_each_member_are_of_its_own_rows_alone() -> None:
    chosen = job(folds=3)
    split: Split = split_of(MINE, chosen)
    found = learnt_rows(MINE, split, None)
    digests = digests_of_rows(MINE)
    for index in range(3):
        held_out = np.setdiff1d(np.arange(60), split.training_part(index))
        assert not np.isin(digests[held_out], found.rows[index]).any()
