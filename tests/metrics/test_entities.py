"""Entities of tags: hand-made cases, malformed ones among them, and a plain reading of the definition as oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from foldproof.metrics import METRICS, Sequences, names_for, primary
from foldproof.metrics.entities import are_tags, entity_f1, entity_f1_of_draws

CLASSES = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")

Spans = set[tuple[int, int, int, str]]


def coded(sentences: list[str]) -> NDArray[np.int64]:
    return np.array([CLASSES.index(tag) for sentence in sentences for tag in sentence.split()])


def certain(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.eye(len(CLASSES))[codes]


def sequences(sentences: list[str]) -> Sequences:
    lengths = [len(sentence.split()) for sentence in sentences]
    return Sequences(CLASSES, np.repeat(np.arange(len(sentences)), lengths))


def scored(actual: list[str], predicted: list[str]) -> float:
    return entity_f1(coded(actual), certain(coded(predicted)), sequences(actual))


def spans(sentences: list[list[str]]) -> Spans:
    """Walk along each sentence and keep the entity that is open."""
    found: Spans = set()
    for number, tags in enumerate(sentences):
        start, kind = 0, ""
        for place, tag in enumerate([*tags, "O"]):
            goes_on = tag.startswith("I-") and tag[2:] == kind
            if kind and not goes_on:
                found.add((number, start, place, kind))
            if not goes_on:
                start, kind = place, tag[2:]
    return found


@pytest.mark.parametrize(
    ("actual", "predicted", "wanted"),
    [
        (["O B-PER I-PER O"], ["O B-PER I-PER O"], 1.0),
        (["O B-PER I-PER O"], ["O B-PER O O"], 0.0),  # its end is wrong
        (["O B-PER I-PER O"], ["O B-LOC I-LOC O"], 0.0),  # its type is
        (["O B-PER I-PER O"], ["O I-PER I-PER O"], 1.0),  # an I- after O begins an entity
        (["B-PER I-PER"], ["I-PER I-PER"], 1.0),  # so it does at the start
        (["B-PER B-LOC"], ["B-PER I-LOC"], 1.0),  # and after another type
        (["B-PER B-PER"], ["B-PER I-PER"], 0.0),  # two entities are not one
        (["B-PER B-PER"], ["B-PER O"], 2 / 3),
        (["O B-PER", "I-PER O"], ["O B-PER", "B-PER O"], 1.0),  # no entity goes over the end of a sentence
        (["O O"], ["O O"], 1.0),
        (["O O"], ["O B-PER"], 0.0),
        (["B-LOC I-LOC O B-PER"], ["B-LOC I-LOC B-PER B-PER"], 0.8),
    ],
)
def test_by_hand(actual: list[str], predicted: list[str], wanted: float) -> None:
    assert scored(actual, predicted) == pytest.approx(wanted)


tagged = some.lists(some.lists(some.sampled_from(CLASSES), min_size=1, max_size=6), min_size=1, max_size=5)


@given(tagged, some.data())
def test_equals_a_walk_along_each_sentence(actual: list[list[str]], data: some.DataObject) -> None:
    tags = some.sampled_from(CLASSES)
    predicted = [data.draw(some.lists(tags, min_size=len(one), max_size=len(one))) for one in actual]
    there, found = spans(actual), spans(predicted)
    wanted = 2 * len(there & found) / (len(there) + len(found)) if there or found else 1.0
    joined = [[" ".join(tags) for tags in sentences] for sentences in (actual, predicted)]
    assert scored(*joined) == pytest.approx(wanted)


@given(tagged, some.data())
def test_of_draws_of_whole_sentences(actual: list[list[str]], data: some.DataObject) -> None:
    tags = some.sampled_from(CLASSES)
    predicted = [data.draw(some.lists(tags, min_size=len(one), max_size=len(one))) for one in actual]
    drawn = data.draw(some.lists(some.integers(0, len(actual) - 1), min_size=1, max_size=6))
    joined = [[" ".join(tags) for tags in sentences] for sentences in (actual, predicted)]
    about = sequences(joined[0])
    assert about.groups is not None
    rows = np.concatenate([np.flatnonzero(about.groups == one) for one in drawn])
    draws = np.append(rows, [-1, -1])[None]
    found = entity_f1_of_draws(coded(joined[0]), certain(coded(joined[1])), draws, about)
    wanted = scored(*([one[sentence] for sentence in drawn] for one in joined))
    assert found == pytest.approx([wanted])


def test_it_is_offered_for_tags_alone_and_decides_there() -> None:
    assert are_tags(CLASSES)
    assert not are_tags(("NOUN", "VERB", "O"))
    assert not are_tags(("O",))
    assert "entity_f1" in names_for("classification", CLASSES)
    assert "accuracy" in names_for("classification", CLASSES)
    assert "entity_f1" not in names_for("classification", ("NOUN", "VERB"))
    assert primary("classification", classes=CLASSES) == "entity_f1"
    assert primary("classification", classes=("NOUN", "VERB")) == "accuracy"


def test_without_groups_each_row_is_a_sequence() -> None:
    metric = METRICS["entity_f1"].on(Sequences(CLASSES))
    together = coded(["B-PER I-PER"])
    assert metric.function(together, certain(coded(["B-PER B-PER"]))) == 1.0


@pytest.mark.parametrize("name", [name for name in METRICS if name != "entity_f1"])
def test_rows_that_are_not_there_count_for_nothing(name: str) -> None:
    draws = np.random.Generator(np.random.Philox(0))
    metric = METRICS[name]
    scores = draws.random((20, 3))
    classified = draws.integers(0, 3, 20), scores / scores.sum(axis=1, keepdims=True)
    targets, predictions = classified if metric.task == "classification" else (scores[:, 0], scores[:, 1])
    rows = draws.integers(0, 20, (4, 12))
    padded = np.concatenate([rows, np.full((4, 3), -1)], axis=1)
    assert metric.of_draws(targets, predictions, padded) == pytest.approx(metric.of_draws(targets, predictions, rows))
