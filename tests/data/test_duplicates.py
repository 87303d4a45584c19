"""Equal rows by their hashes against a dictionary of values; sentences; groups joined by what they share."""

import hashlib
from dataclasses import replace
from itertools import product
from string import ascii_lowercase

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldproof.data import duplicates
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.duplicates import counts_of, digests_of, equal_rows
from foldproof.data.schema import Column, Schema, Target
from foldproof.data.splits.units import units_of
from foldproof.reproducibility import seed_of
from tests.data.splittable import rows

many = settings(max_examples=60, deadline=None)
values = st.sampled_from([0.0, -0.0, 1.0, float("nan")])


def table(features: np.ndarray) -> Dataset:
    plain = describe("t", np.arange(2 * len(features)).reshape(-1, 2), np.arange(len(features)) + 0.5, "regression")
    return replace(plain, features=features)


@many
@given(st.lists(st.lists(values, min_size=2, max_size=2), min_size=2, max_size=12), st.integers(1, 40))
def test_equal_rows_have_equal_numbers_in_whatever_chunks_they_are_read(found: list[list[float]], chunk: int) -> None:
    data = table(np.array(found, dtype=np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "CHUNK", chunk)
        numbers = equal_rows(digests_of(data))
    named = [tuple("nan" if one != one else str(one + 0.0) for one in row) for row in found]
    expected: dict[tuple[str, ...], int] = {}
    assert numbers.tolist() == [expected.setdefault(row, len(expected)) for row in named]


def test_nan_of_other_bits_is_nan() -> None:
    features = np.array([[0x7FC00000], [0x7FC00001], [0xFFC00000], [0]], dtype=np.uint32).view(np.float32)
    assert equal_rows(digests_of(table(features))).tolist() == [0, 0, 0, 1]


def test_rows_mapped_into_memory_are_as_good(tmp_path: object) -> None:
    data = rows(50, copies=9)
    path = f"{tmp_path}/features.npy"
    np.save(path, data.features)
    mapped = replace(data, features=np.load(path, mmap_mode="r"))
    assert np.array_equal(digests_of(data), digests_of(mapped))


@many
@given(st.integers(1, 12), st.data())
def test_units_are_the_connected_components(number: int, data: st.DataObject) -> None:
    several = st.lists(st.integers(0, 5), min_size=number, max_size=number)
    groups, labels = np.array(data.draw(several)), np.array(data.draw(several))
    cluster = np.unique(labels, return_inverse=True)[1]
    touch = (groups[:, None] == groups) | (labels[:, None] == labels)
    for middle in range(number):  # Warshall: whoever reaches the middle reaches all that it reaches
        touch |= touch[:, [middle]] & touch[middle]
    units = units_of(groups, cluster)
    for one, other in product(range(number), repeat=2):
        assert (units[one] == units[other]) == touch[one, other]
    first = [int(np.flatnonzero(units == unit)[0]) for unit in range(units.max() + 1)]
    assert first == sorted(first), "numbered as they first occur"


cells = st.tuples(st.sampled_from([0.5, -0.0, None]), st.sampled_from(["paris", "rome", None]), st.sampled_from("ab"))


def categories(found: list[tuple[float | None, str | None, str]]) -> Dataset:
    """A number and two columns of categories, whose codes are the places of the values that are there, sorted."""
    numbers, *texts = zip(*found, strict=True)
    values = [tuple(sorted({text for text in column if text})) for column in texts]
    codes = [
        [np.nan if text is None else of.index(text) for text in column]
        for column, of in zip(texts, values, strict=True)
    ]
    features = np.array([[np.nan if one is None else one for one in numbers], *codes], dtype=np.float32).T
    columns = (Column("n"), *(Column(f"c{place}", "category", of, True) for place, of in enumerate(values)))
    schema = Schema("t", "table", (3,), columns, (Target("y", "regression"),))
    return Dataset(schema, np.ascontiguousarray(features), np.arange(len(found), dtype=np.float32))


@many
@given(st.lists(cells, min_size=2, max_size=12), st.integers(1, 60), st.sampled_from(["amsterdam", "zurich", None]))
def test_a_category_counts_by_what_it_is_called(
    found: list[tuple[float | None, str | None, str]], chunk: int, city: str | None
) -> None:
    """Rows are equal where their texts are, and keep their digests where another city moves the codes of all others."""
    before, grown = categories(found), categories([*found, (0.1, city, "c")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "CHUNK", chunk)
        digests = digests_of(before, seed=3)
    assert np.array_equal(digests, digests_of(grown, seed=3)[:-1])
    expected: dict[object, int] = {}
    assert equal_rows(digests).tolist() == [expected.setdefault(row, len(expected)) for row in found]
    assert np.isnan(before.features).sum() == sum(cell is None for row in found for cell in row), "left as they are"


def test_a_category_that_is_unseen_is_neither_missing_nor_any_value() -> None:
    data = categories([(1.0, "paris", "a"), (1.0, None, "a"), (1.0, "paris", "a")])
    features = np.array(data.features)
    features[2, 1] = -1
    assert equal_rows(digests_of(replace(data, features=features))).tolist() == [0, 1, 2]


def test_without_categories_the_digest_is_of_the_bytes() -> None:
    data = rows(5)
    salt = seed_of("test set", 4).to_bytes(8, "little")
    expected = [hashlib.blake2b(row.tobytes(), digest_size=16, key=salt).digest() for row in data.features]
    assert digests_of(data, seed=4).tobytes() == b"".join(expected)


def sentences(*words: str) -> Dataset:
    """One row a word, whose window is the word alone."""
    groups = np.repeat(np.arange(len(words)), [len(one) for one in words])
    codes = np.frombuffer("".join(words).encode(), dtype=np.uint8).astype(np.int32)[:, None, None] - ord("a")
    targets = np.arange(len(codes)) % 2
    schema = Schema(
        "text",
        "text",
        (1, 1),
        (Column("word", "category", tuple(ascii_lowercase)),),
        (Target("tag", "classification", ("a", "b")),),
    )
    return Dataset(schema, codes, targets, groups=groups)


def test_a_copy_in_text_is_a_whole_sentence() -> None:
    """`ab` twice; `abc` and `ba` have the same windows, and are no copies."""
    data = sentences("ab", "abc", "ba", "ab")
    assert equal_rows(digests_of(data)).tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    cluster = equal_rows(digests_of(data))
    assert counts_of(cluster, data.targets) == {
        "duplicate_clusters": 2,
        "duplicate_rows": 4,
        "conflicting_duplicates": 2,  # the first `ab` starts at row 0, the second at row 7
    }
    units = units_of(data.groups, cluster)
    assert units[[0, 2, 5, 7]].tolist() == [0, 1, 2, 0]


def test_conflicts_are_counted_over_all_targets() -> None:
    cluster = np.array([0, 1, 0, 1, 2])
    targets = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 2.0], [1.0, 1.0], [5.0, 5.0]])
    assert counts_of(cluster, targets)["conflicting_duplicates"] == 1
