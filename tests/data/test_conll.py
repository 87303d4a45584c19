"""Tagged text in columns: what is read, what is refused, and what a window holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from foldproof.config import params_from
from foldproof.config.data import Data
from foldproof.config.preprocess import Preprocess
from foldproof.data.dataset import Dataset, prepare
from foldproof.data.schema import Column, Schema
from foldproof.data.sources import load_source
from foldproof.data.sources.conll import open_conll
from foldproof.data.splits import Member, Role, Split
from foldproof.data.statistics import fit_statistics, load_statistics, save_statistics
from foldproof.data.text.vocabulary import known_values
from foldproof.data.text.windows import Encoder
from foldproof.data.text.word_features import FEATURES
from foldproof.errors import ConfigError, DataError
from tests.data.tagged import sentences, tagged, written

COLUMNS = ("token", "pos", "ner")


def read(folder: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes, **keys: object) -> Dataset:
    path = folder / "data" / "raw" / "my.conll"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(folder)
    section = {"source": "conll", "path": "data/raw/my.conll", "columns": COLUMNS, "target": "pos", **keys}
    return load_source(Data.model_validate(section))


def test_rows_are_tokens_and_groups_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, plain = tagged(tmp_path, monkeypatch), sentences()
    tokens = [token for sentence in plain for token in sentence]
    schema = dataset.schema
    assert (schema.kind, schema.shape, schema.rows) == ("text", (5, len(FEATURES)), len(tokens))
    assert dataset.features.dtype == np.int32
    assert [schema.classes[code] for code in dataset.targets] == [tag for _, tag, _ in tokens]
    words = schema.columns[0].values
    assert [words[code] for code in dataset.features[:, 2, 0]] == [word.lower() for word, _, _ in tokens]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [number for number, sentence in enumerate(plain) for _ in sentence]


def test_windows_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sentences, the first shorter than the window: what lies beyond has the code after the last value's."""
    dataset = read(tmp_path, monkeypatch, "To\tA\tO\nbe\tB\tO\n\nor\tA\tO\nnot\tB\tO\nto\tA\tO\nbe\tB\tO\n", window=5)
    words = dataset.schema.columns[0].values
    assert words == ("be", "to", "not", "or")
    be, to, no, o_r, beyond = range(5)
    assert dataset.features[:, :, 0].tolist() == [
        [beyond, beyond, to, be, beyond],
        [beyond, to, be, beyond, beyond],
        [beyond, beyond, o_r, no, to],
        [beyond, o_r, no, to, be],
        [o_r, no, to, be, beyond],
        [no, to, be, beyond, beyond],
    ]


def test_a_window_longer_than_every_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = read(tmp_path, monkeypatch, "a\tA\tO\nb\tB\tO\n", window=9)
    assert dataset.features[:, :, 0].tolist() == [[2, 2, 2, 2, 0, 1, 2, 2, 2], [2, 2, 2, 0, 1, 2, 2, 2, 2]]


words = some.text(some.characters(categories=("L", "N", "P")), min_size=1, max_size=6)


@given(some.lists(some.lists(words, min_size=1, max_size=5), min_size=1, max_size=6), some.sampled_from([1, 3, 7]))
def test_windows_equal_a_walk_along_each_sentence(text: list[list[str]], width: int) -> None:
    known = sorted({word for sentence in text for word in sentence})[::2]  # the others are unknown
    columns = [
        Column("word", "category", tuple(dict.fromkeys(word.lower() for word in known))),
        Column("suffix2", "category", tuple(dict.fromkeys(word.lower()[-2:] for word in known))),
    ]
    found, half = Encoder(columns, width)(text), width // 2
    wanted = []
    for sentence in text:
        for place in range(len(sentence)):
            around = range(place - half, place + half + 1)
            seen = [sentence[one] if 0 <= one < len(sentence) else None for one in around]
            wanted.append([[_code(word, column) for column in columns] for word in seen])
    assert found.tolist() == wanted


def _code(word: str | None, column: Column) -> int:
    if word is None:
        return len(column.values)
    value = FEATURES[column.name](word)
    return column.values.index(value) if value in column.values else -1


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("Paris", "Xxx"), ("USA", "XX"), ("I", "X"), ("1990s", "ddx"), ("3.14", "dpdd"), ("e-mail", "x-xx"), ("(", "(")],
)
def test_shapes(word: str, wanted: str) -> None:
    assert FEATURES["shape"](word) == wanted


def test_affixes_of_short_words_are_all_of_them() -> None:
    assert [FEATURES[name]("Go") for name in ("prefix2", "prefix3", "suffix2", "suffix3")] == ["go"] * 4
    assert [FEATURES[name]("Going") for name in ("prefix2", "prefix3", "suffix2", "suffix3")] == [
        "go",
        "goi",
        "ng",
        "ing",
    ]


def test_values_are_ordered_by_how_often_they_occur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = read(tmp_path, monkeypatch, "b\tA\tO\na\tA\tO\nc\tB\tO\nc\tB\tO\n")
    assert dataset.schema.columns[0].values == ("c", "a", "b")


def test_comments_documents_spaces_and_windows_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (
        "\ufeff# sent_id = 1\r\n-DOCSTART- X O\r\n\r\nOne NUM O\r\n# SYM O\r\n\r\n\r\n-DOCSTART- X O\r\nTwo NUM O\r\n"
    )
    dataset = read(tmp_path, monkeypatch, content)
    assert dataset.schema.columns[0].values == ("#", "one", "two")
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, 1]


def test_a_folder_is_its_files_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "raw" / "two"
    folder.mkdir(parents=True)
    (folder / "b.conll").write_text("two\tB\n")
    (folder / "a.conll").write_text("one\tA\n")
    (folder / ".hidden").write_text("not read")
    monkeypatch.chdir(tmp_path)
    dataset = load_source(Data(source="conll", path="data/raw/two", columns=("token", "pos"), target="pos"))
    assert dataset.schema.name == "two"
    assert dataset.targets.tolist() == [0, 1]


def test_several_targets_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = read(tmp_path, monkeypatch, "Ana\tN\tB-PER\ngoes\tV\tO\n", target=["pos", "ner"])
    assert [target.name for target in dataset.schema.targets] == ["pos", "ner"]
    assert dataset.targets.dtype == np.float32
    assert dataset.targets.tolist() == [[0, 0], [1, 1]]


def test_every_line_at_fault_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"a\tA\tO\nb\tB\nc\t\tO\nd\t_\tO\n\xff\tA\tO\ne\tA\tO\tmore\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, monkeypatch, content)
    assert [problem.removeprefix("data/raw/my.conll: ") for problem in caught.value.problems] == [
        "3 columns are needed, another number of them stands in 2 lines (2, 6)",
        "a token or its tag is missing in 2 lines (3, 4)",
        "other characters than UTF-8 stand in 1 line (5)",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no sentence"),
        ("\n\n# nothing\n", "holds no sentence"),
        ("a\tA\tO\nb\tA\tO\n", "one class only"),
        ("a\tNoun\tO\nb\tnoun\tO\n", "differ only by case"),
    ],
)
def test_what_nothing_can_be_learnt_from(
    content: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=told):
        read(tmp_path, monkeypatch, content)


def test_nothing_is_written_of_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError):
        read(tmp_path, monkeypatch, "a\tA\tO\nb\tB\n")
    section = Data(source="conll", path="data/raw/my.conll", columns=COLUMNS, target="pos")
    with pytest.raises(DataError):
        prepare(open_conll(section), tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_chunks_give_what_one_chunk_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tagged(tmp_path, monkeypatch)
    monkeypatch.setattr("foldproof.data.sources.conll.TOKENS_AT_ONCE", 20)
    section = Data(source="conll", path=written(tmp_path), columns=COLUMNS, target="pos")
    schema = prepare(open_conll(section), tmp_path / "prepared")
    assert schema == whole.schema
    assert np.array_equal(Dataset.load(tmp_path / "prepared").features, whole.features)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"columns": ["word", "pos"]}, "data.columns"),
        ({"columns": ["token", "pos", "pos"]}, "data.columns"),
        ({"target": "ner"}, "data.target"),
        ({"target": None}, "data.target"),
        ({"path": None}, "data.path"),
        ({"window": 4}, "odd"),
        ({"window": 0}, "window"),
    ],
)
def test_keys_that_do_not_fit(keys: dict[str, object], told: str) -> None:
    section = {"source": "conll", "path": "data/raw/x", "columns": ["token", "pos"], "target": "pos", **keys}
    with pytest.raises(ConfigError, match=told):
        params_from({"schema": 1, "data": section})


@pytest.mark.parametrize("minimum", [1, 2, 3])
def test_the_vocabulary_is_that_of_the_training_rows(
    minimum: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tagged(tmp_path, monkeypatch)
    roles = np.full((2, len(dataset.targets)), Role.SCORED, dtype=np.uint8)
    roles[0, :100], roles[1, 50:60] = Role.TRAINING, Role.TRAINING
    split = Split((Member(0, 0, 0), Member(0, 0, 1)), roles, {})
    statistics = fit_statistics(dataset, split, Preprocess(minimum_count=minimum))
    save_statistics(statistics, split, tmp_path / "statistics")
    again = load_statistics(tmp_path / "statistics")
    assert again.preprocessing == statistics.preprocessing
    text = [word for sentence in sentences() for word, _, _ in sentence]
    for member, own in enumerate((text[:100], text[50:60])):
        for column in dataset.schema.columns:
            seen = [FEATURES[column.name](word) for word in own]
            wanted = [seen.count(value) >= minimum for value in column.values]
            assert again.learnt[f"known.{column.name}"][member].tolist() == wanted


def test_the_vocabulary_does_not_see_held_out_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of held-out rows alone is unknown, although it stands in windows of training rows; so is garbage there."""
    dataset = tagged(tmp_path, monkeypatch)
    word = dataset.schema.columns[0].values.index("likes")
    held_out = dataset.features[:, 2, 0] == word
    assert (dataset.features[~held_out][:, :, 0] == word).any()
    roles = np.where(held_out, Role.SCORED, Role.TRAINING).astype(np.uint8)[None]
    split = Split((Member(0, 0, 0),), roles, {})
    before = fit_statistics(dataset, split, Preprocess()).learnt
    assert before["known.word"][0, word] == 0
    assert before["known.word"].sum() == len(dataset.schema.columns[0].values) - 1
    features = dataset.features.copy()
    features[held_out] = 0
    features[:, np.arange(5) != 2] = word
    after = fit_statistics(Dataset(dataset.schema, features, dataset.targets), split, Preprocess()).learnt
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_unknown_values_become_one_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    dataset = tagged(tmp_path, monkeypatch)
    roles = np.full((2, len(dataset.targets)), Role.SCORED, dtype=np.uint8)
    roles[0, :40], roles[1, 40:70] = Role.TRAINING, Role.TRAINING
    statistics = fit_statistics(dataset, Split((Member(0, 0, 0), Member(0, 0, 1)), roles, {}), Preprocess())
    raw = np.stack([dataset.features[:80], dataset.features[40:120]])
    raw[:, 0] = -1
    learnt = {name: torch.from_numpy(value).float() for name, value in statistics.learnt.items()}
    found = statistics.preprocessing(torch.from_numpy(raw).float(), learnt).numpy()
    for place, column in enumerate(dataset.schema.columns):
        known, beyond = statistics.learnt[f"known.{column.name}"], len(column.values)
        for member in range(2):
            for code, given_code in zip(found[member, ..., place].flat, raw[member, ..., place].flat, strict=True):
                kept = given_code == beyond or (given_code >= 0 and known[member, given_code])
                assert code == (given_code if kept else beyond + 1)
    assert statistics.preprocessing.inputs.coded == tuple(len(one.values) + 2 for one in dataset.schema.columns)


def test_known_values_pass_over_what_is_missing() -> None:
    codes = np.array([0.0, 2.0, 2.0, np.nan, -1.0, 7.0])
    assert known_values(codes, 4).tolist() == [1, 0, 1, 0]
    assert known_values(codes, 4, 2).tolist() == [0, 0, 1, 0]


def test_the_schema_remembers_the_columns_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = read(tmp_path, monkeypatch, "One NUM O\nTwo X B\n").schema
    assert schema.layout == ("token", "pos", "ner")
    assert Schema.from_dict(schema.to_dict()) == schema
    assert "layout" not in replace(schema, layout=()).to_dict(), "older data keeps its fingerprint"
