"""The window tagger on a made-up language: it learns, members are alone what they are together, vectors stay."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foldproof.config import Params
from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Split, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.evaluation.assess import assess
from foldproof.model.exported import ExportedModel
from foldproof.prediction import predict_files
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.outputs import out_of_fold_table
from foldproof.training.watched_words import told
from tests.data.tagged import sentences, tagged
from tests.training.setting import fit_together, killed_and_resumed, params

MODEL: dict[str, Any] = {
    "name": "mlp",
    "mlp": {"hidden": [16]},
    "dropout": 0.1,
    "embedding": {"dimension": 6, "feature_dimension": 3},
}
TRAIN = {"epochs": 20, "batch_size": 32, "optimizer": {"name": "adam", "learning_rate": 0.02}}
WORDS = "0.tables.0.weight"


def settings(**sections: Any) -> Params:
    return params(**{"model": MODEL, "train": TRAIN, **sections})


def by_sentence(dataset: Dataset) -> Split:
    """Two folds of sentences, a test set and inner validation."""
    return make_split(dataset, SplitSection(folds=2, test_share=0.1, inner_share=0.2), 0)


def trained(dataset: Dataset, chosen: Params) -> Trained:
    split = by_sentence(dataset)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)


@pytest.mark.parametrize("name", ["mlp", "linear"])
def test_it_learns_entities_that_their_neighbours_decide(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place after a name is part of that; scores are those of whole entities, over sentences."""
    dataset = tagged(tmp_path, monkeypatch, "ner")
    chosen = settings(model={**MODEL, "name": name})
    split, found = by_sentence(dataset), trained(dataset, chosen)
    table = out_of_fold_table(found, dataset, split)
    test = found.model.predict_members(dataset.features[split.test_rows()])
    result = assess(dataset.schema, split, dataset, table, test, chosen.evaluate, found.model.record)
    assert result.primary == "entity_f1"
    assert result.headline.mean > 0.95
    assert [one.name for one in result.baselines] == ["majority_class", "tag_of_the_word", "logistic_regression"]
    own_word = result.baselines[1].scores["accuracy"]
    assert own_word.mean < 0.97, "the word alone does not tell"
    assert result.test is not None
    assert result.test.scores["entity_f1"].ensemble > 0.95
    assert "groups" in result.test.scores["log_loss"].method, "sentences are drawn, not tokens"


def test_sentences_are_tagged_with_words_that_nobody_has_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tagged(tmp_path, monkeypatch)
    chosen = settings(augment={"word_dropout": 0.1})
    trained(dataset, chosen).model.save("models")
    plain = [[token for token, _, _ in sentence] for sentence in sentences(20, seed=7)]
    plain[0][0] = "Zzyzx"
    Path("new.conll").write_text("\n\n".join("\n".join(sentence) for sentence in plain) + "\n")
    assert "20 sentences" in predict_files([Path("new.conll")], Path("out.conll"), Path("models"))
    blocks = [
        [line.split("\t") for line in one.split("\n")] for one in Path("out.conll").read_text().split("\n\n")[:-1]
    ]
    assert [[token for token, _ in block] for block in blocks] == plain
    wanted = [[tag for _, tag, _ in sentence] for sentence in sentences(20, seed=7)]
    right = [
        tag == other
        for block, tags in zip(blocks, wanted, strict=True)
        for (_, tag), other in zip(block, tags, strict=True)
    ]
    assert np.mean(right) > 0.97
    predict_files([Path("new.conll")], Path("out.csv"), Path("models"))
    head, first = Path("out.csv").read_text().split("\n")[:2]
    assert head.startswith("sentence,token,prediction,p_ADP")
    assert first.startswith("0,Zzyzx,")
    model = ExportedModel.load("models")
    far = model.predict(np.full((1, *dataset.schema.shape), -1, np.int32))
    assert np.isfinite(far).all()


@pytest.mark.parametrize("optimizer", ["adam", "sparse_adam"])
def test_a_member_is_alone_what_it_is_in_company_and_resumed_what_it_is_straight(
    optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tagged(tmp_path, monkeypatch, count=30)
    train = {**TRAIN, "epochs": 3, "batch_size": 16, "precision": "fp64", "optimizer": {"name": optimizer}}
    chosen = settings(train=train, augment={"word_dropout": 0.2}, preprocess={"minimum_count": 2})
    split = by_sentence(dataset)
    together = fit_together(dataset, split, chosen, [0, 1])
    alone = fit_together(dataset, split, chosen, [1])
    assert torch.allclose(together.matrix[1:], alone.matrix, rtol=0, atol=1e-9)
    resumed = killed_and_resumed(dataset, split, chosen, [0, 1])
    assert torch.equal(resumed.matrix, together.matrix)


@pytest.mark.parametrize("freeze", [True, False])
def test_vectors_stay_or_are_tuned_and_watched_pairs_are_told(
    freeze: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tagged(tmp_path, monkeypatch, count=30)
    draws = np.random.Generator(np.random.Philox(1))
    lines = [f"{word} {' '.join(f'{one:.4f}' for one in draws.normal(size=6))}" for word in ("Sees", "likes", "loves")]
    Path("data/start").mkdir()
    Path("data/start/vectors.txt").write_text("\n".join(lines) + "\n")
    keys = {"vectors": "data/start/vectors.txt", "freeze": freeze, "watch": [["sees", "loves"], ["ana", "nobody"]]}
    chosen = settings(
        model={**MODEL, "embedding": {**MODEL["embedding"], **keys}},
        train={**TRAIN, "epochs": 2, "optimizer": {"name": "adamw", "weight_decay": 0.1}, "averaging": {"name": "ema"}},
    )
    model = trained(dataset, chosen).model
    words = dataset.schema.columns[0].values
    tables = model.network.layout.unfold(model.matrix)[WORDS]
    for word, line in zip(("sees", "likes"), lines, strict=False):
        given = torch.tensor([float(one) for one in line.split()[1:]])
        found = tables[:, words.index(word)]
        assert torch.allclose(found, given.expand_as(found), rtol=0, atol=1e-6) is freeze
    account = model.record["words"]
    sees, loves = (torch.tensor([float(one) for one in lines[place].split()[1:]]) for place in (0, 2))
    wanted = float(torch.cosine_similarity(sees, loves, dim=0))
    first, second = account["watched"]
    assert first["before"] == pytest.approx(wanted, abs=1e-6)
    assert (first["after"] == pytest.approx(wanted, abs=1e-6)) is freeze
    assert second["before"] is None
    assert len(told(model)) == 3
    model.save("models")
    Path("data/start/vectors.txt").unlink()  # serving does not ask for it
    again = ExportedModel.load("models")
    assert np.array_equal(again.predict(dataset.features), model.predict(dataset.features))
