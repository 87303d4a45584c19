"""What members begin with is read once, whatever the number of populations, and both its parts are refused at once."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldproof.data.statistics import fit_statistics
from foldproof.errors import FoldproofError
from foldproof.model import start
from foldproof.model.word_vectors import word_vectors
from foldproof.training import beginning, transfer
from foldproof.training.beginning import beginning_of
from foldproof.training.cross_validation import train_members
from tests.data.tagged import tagged
from tests.training.setting import params, split_of

MODEL: dict[str, Any] = {"name": "linear", "embedding": {"dimension": 2, "vectors": "data/start/vectors.txt"}}


@pytest.mark.parametrize("engine", ["in_process", "workers"])
def test_weights_and_vectors_are_read_once_for_all_populations(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tagged(tmp_path, monkeypatch, "pos")
    Path("data/start").mkdir(parents=True)
    Path("data/start/vectors.txt").write_text("ana 1 2\nsees 3 4\n")
    first = params(model=MODEL, train={"epochs": 1, "threads": 1}, split={"folds": 2})
    split = split_of(dataset, first)
    statistics = fit_statistics(dataset, split, first.preprocess)
    train_members(dataset, split, statistics, first.model, first.train, first.augment).model.save("source")

    calls: Counter[str] = Counter()
    sizes: list[int] = []
    read_vectors, read_start = word_vectors, start.read_start

    def vectors_read(section: Any, schema: Any, inputs: Any, tokens: int) -> Any:
        calls["vectors"] += 1
        sizes.append(tokens)
        return read_vectors(section, schema, inputs, tokens)

    def start_read(section: Any) -> Any:
        calls["start"] += 1
        return read_start(section)

    monkeypatch.setattr(beginning, "word_vectors", vectors_read)
    monkeypatch.setattr(transfer, "read_start", start_read)
    chosen = params(
        model={**MODEL, "start_from": "source"},
        train={"epochs": 1, "threads": 1, "population": 1, "engine": engine, "accelerator": "cpu"},
        split={"folds": 2},
    )
    begun = beginning_of(chosen.model, chosen.train, dataset.schema, split, statistics.preprocessing)
    arguments = (dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    found = train_members(*arguments, beginning=begun)
    assert calls == {"vectors": 1, "start": 1}
    assert sizes == [min(split.training_sizes())], "tokens that a member trains on, not all rows"
    again = train_members(*arguments)
    assert calls == {"vectors": 2, "start": 2}
    for one, other in zip(found.out_of_fold, again.out_of_fold, strict=True):
        assert np.array_equal(one, other)


def test_what_is_wrong_with_either_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tagged(tmp_path, monkeypatch, "pos")
    chosen = params(model={**MODEL, "start_from": "nowhere"}, split={"folds": 2})
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    with pytest.raises(FoldproofError) as caught:
        beginning_of(chosen.model, chosen.train, dataset.schema, split, statistics.preprocessing)
    assert "vectors.txt: no such file" in caught.value.problems[0]
    assert caught.value.problems[1].startswith("model.start_from: nowhere")
