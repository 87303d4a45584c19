"""Vectors that others trained: how they are read, which words get them, and whether they stay."""

import gzip
from pathlib import Path

import pytest
import torch

from foldproof.config import params_from
from foldproof.config.model import Embedding, Model
from foldproof.data.preprocessing import Inputs
from foldproof.data.schema import Column, Schema, Target
from foldproof.errors import ConfigError, DataError
from foldproof.model.given import refuse_untracked
from foldproof.model.word_vectors import is_fixed, read_vectors, word_vectors

GLOVE = "tv 1 2\nTelly 3 4\ntelly 5 6\nPARIS 7 8\nother 9 9\nParis 0 0\n"
SCHEMA = Schema(
    "made",
    "text",
    (3, 1),
    (Column("word", "category", ("the", "telly", "paris")),),
    (Target("tag", "classification", ("a", "b")),),
)
INPUTS = Inputs((3, 1), (5,))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "start").mkdir(parents=True)
    return tmp_path


def section(**keys: object) -> Embedding:
    return Embedding.model_validate({"vectors": "data/start/vectors.txt", "dimension": 2, **keys})


@pytest.mark.parametrize("head", ["", "6 2\n"])
@pytest.mark.parametrize("compressed", [False, True])
def test_both_formats_with_a_word_of_another_case_where_there_is_none_as_it_is(
    head: str, compressed: bool, tmp_path: Path
) -> None:
    content = (head + GLOVE).encode()
    (tmp_path / "vectors").write_bytes(gzip.compress(content) if compressed else content)
    found = read_vectors(tmp_path / "vectors", {"tv", "telly", "paris", "missing"})
    assert found == {"tv": [1, 2], "telly": [5, 6], "paris": [7, 8]}


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    path, content = tmp_path / "vectors", gzip.compress(GLOVE.encode() * 20)
    body = content[:20] + bytes(one ^ 0xFF for one in content[20:40]) + content[40:]  # deflate's own error, not gzip's
    for damaged in (content[:-9], body, content[:-8] + bytes(8)):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"vectors: its gzip data is cut short or damaged"):
            read_vectors(path, {"tv"})


def test_lines_at_fault_are_named_where_the_word_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_text("a 1 2\nb 1\nc 1 nan\nd 1 x\ne 1\n")
    with pytest.raises(DataError, match=r"2 finite numbers are needed in lines 2, 3, 4$"):
        read_vectors(tmp_path / "vectors", {"a", "b", "c", "d"})


def test_the_words_of_the_data_get_them_and_are_counted() -> None:
    Path("data/start/vectors.txt").write_text(GLOVE)
    found = word_vectors(section(watch=[("tv", "Telly")]), SCHEMA, INPUTS, 1000)
    assert found is not None
    assert found.codes.tolist() == [1, 2]
    assert found.vectors.tolist() == [[5, 6], [7, 8]]
    assert "vectors of 2 of 3 words" in found.told
    assert torch.equal(found.outside["tv"], torch.tensor([1.0, 2.0]))
    assert set(found.outside) == {"tv"}


@pytest.mark.parametrize(
    ("tokens", "fixed", "told"),
    [
        (50_000, True, "stay as they are"),
        (99_999, True, "stay as they are"),
        (100_000, False, "let inner validation choose"),
        (1_000_000, False, "let inner validation choose"),
        (1_000_001, False, "tuned, for"),
    ],
)
def test_the_policy_goes_by_the_number_of_training_tokens(tokens: int, fixed: bool, told: str) -> None:
    assert is_fixed("auto", tokens)[0] is fixed
    assert told in is_fixed("auto", tokens)[1]
    assert is_fixed(True, tokens)[0] is True
    assert is_fixed(False, tokens)[0] is False


def test_what_does_not_fit_is_refused(here: Path) -> None:
    Path("data/start/vectors.txt").write_text("the 1 2 3\n")
    with pytest.raises(ConfigError, match=r"model\.embedding\.dimension: found 2, legal .*: 3"):
        word_vectors(section(), SCHEMA, INPUTS, 10)
    with pytest.raises(DataError, match="no such file"):
        word_vectors(section(vectors="data/start/none.txt"), SCHEMA, INPUTS, 10)
    table = Schema("made", "table", (1,), (Column("x"),), SCHEMA.targets)
    with pytest.raises(ConfigError, match="legal for table rows: none"):
        word_vectors(section(), table, INPUTS, 10)
    with pytest.raises(ConfigError, match=r"vectors: found 'elsewhere\.txt', legal: a file below data/start/"):
        params_from({"schema": 1, "model": {"embedding": {"vectors": "elsewhere.txt"}}})
    (here / "dvc.yaml").write_text("stages: {check: {deps: [data/start/vectors.txt]}, train: {deps: [src]}}\n")
    with pytest.raises(ConfigError, match=r"add `- data/start/vectors\.txt`"):
        refuse_untracked(Model(embedding=section()), here)
    (here / "dvc.yaml").write_text("stages: {check: {deps: [data/start]}, train: {deps: [data/start/vectors.txt]}}\n")
    refuse_untracked(Model(embedding=section()), here)
    assert word_vectors(Embedding(), table, INPUTS, 10) is None
