"""Vectors to start from go with their word or category, whatever its code in the source."""

from pathlib import Path

import numpy as np
import pytest
import torch

from foldproof.config import Params
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Column
from foldproof.data.sources import load_source
from foldproof.data.statistics import fit_statistics
from foldproof.model.embedding import name_of_table
from foldproof.model.start_values import by_value, with_unknown_ones
from foldproof.training.beginning import beginning_of
from foldproof.training.cross_validation import train_members
from foldproof.training.members import make_population
from tests.data.tagged import sentences
from tests.training.setting import params, split_of

FIRST, SECOND = name_of_table(0), name_of_table(1)
TOWN = Column("town", "category", ("lund", "mora", "narva"))


def test_of_a_value_that_a_network_does_not_know_its_unknown_one_is_taken() -> None:
    """Two networks; of text two codes stand behind the values, of tables one."""
    table = torch.arange(10.0).reshape(2, 5, 1)
    learnt = {"known.town": torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])}
    found = with_unknown_ones({FIRST: table}, (TOWN,), learnt)[FIRST]
    assert found[..., 0].tolist() == [[0, 1, 4, 3, 4], [9, 6, 7, 8, 9]]
    other = Column("size", "category", ("s", "m"))
    tables = {FIRST: torch.arange(4.0).reshape(1, 4, 1), SECOND: torch.arange(3.0).reshape(1, 3, 1)}
    of_tables = with_unknown_ones(tables, (TOWN, other), {"codes": torch.tensor([[0.0, 3, 2, 3, 2, 1, 2]])})
    assert of_tables[FIRST].flatten().tolist() == [0, 3, 2, 3]
    assert of_tables[SECOND].flatten().tolist() == [2, 1, 2]


def test_rows_go_with_values_and_tables_with_columns() -> None:
    own = (Column("size", "category", ("m",)), Column("town", "category", ("narva", "oslo", "lund")), Column("new"))
    theirs = (TOWN, Column("size", "category", ("s", "m")))
    tensors = {
        FIRST: torch.tensor([[[0.0], [1], [2], [3]]]),
        SECOND: torch.tensor([[[5.0], [6], [7]]]),
        "1.0.weight": torch.ones(1, 2),
    }
    found, lines = by_value(tensors, theirs, own)
    assert found[FIRST].flatten().tolist() == [6, 7]
    assert found[SECOND].flatten().tolist() == [2, 3, 0, 3]
    assert sorted(found) == [FIRST, SECOND, "1.0.weight"]
    assert lines == (
        "size: 1 of 1 values have vectors there",
        "town: 2 of 3 values have vectors there",
        "new: no such column there",
    )


def text(name: str, seed: int, count: int) -> Dataset:
    """Sentences of their own vocabulary, in a file of this folder."""
    blocks = ["\n".join("\t".join(token) for token in one) for one in sentences(count, seed)]
    if seed:
        blocks.append("Ulf\tPROPN\tB-PER\nlikes\tVERB\tO\nants\tNOUN\tO\nin\tADP\tO\nthe\tDET\tO\nsun\tNOUN\tO")
    Path(f"data/raw/{name}.conll").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return load_source(job(name).data)


def job(name: str, start: str | None = None) -> Params:
    embedding = {"dimension": 6, "feature_dimension": 3}
    return params(
        data={"source": "conll", "path": f"data/raw/{name}.conll", "columns": ["token", "pos", "ner"], "target": "pos"},
        model={"name": "mlp", "mlp": {"hidden": [8]}, "embedding": embedding, "start_from": start},
        train={"epochs": 3, "batch_size": 16, "threads": 1, "accelerator": "cpu"},
        split={"folds": 2, "test_share": 0},
        augment={"shift": 0},
    )


def test_a_words_vector_goes_with_the_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/raw").mkdir(parents=True)
    source, dataset = text("source", 0, 40), text("own", 1, 12)
    chosen = job("source")
    split = split_of(source, chosen)
    learnt = fit_statistics(source, split, chosen.preprocess)
    model = train_members(source, split, learnt, chosen.model, chosen.train, chosen.augment).model
    model.save("data/start/source")
    tables = model.network.layout.unfold(model.matrix)

    chosen = job("own", "data/start/source")
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    population = make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    found = population.network.layout.unfold(population.matrix)
    met = 0
    for place, (own, there) in enumerate(zip(dataset.schema.columns, source.schema.columns, strict=True)):
        name, known = name_of_table(place), learnt.learnt[f"known.{own.name}"]
        assert place or own.values != there.values
        for member in range(2):
            for code, value in enumerate(own.values):
                at = there.values.index(value) if value in there.values else -1
                wanted = at if at >= 0 and known[member, at] else -1
                met += wanted >= 0
                assert torch.equal(found[name][member, code], tables[name][member, wanted])
            assert torch.equal(found[name][member, -2:], tables[name][member, -2:])
    assert met > 50
    assert np.isfinite(population.matrix.numpy()).all()
    told = beginning_of(chosen.model, chosen.train, dataset.schema, split, statistics.preprocessing).lines()
    assert any(line.startswith("start_from: word: ") and "values have vectors there" in line for line in told)
    assert not any("warning" in line for line in told)
