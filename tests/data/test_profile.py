"""The profile: figures as numpy and pandas give them, and what is odd about data is pointed out, and nothing else."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from foldproof.config.split import Split
from foldproof.data import profile as profile_module
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.moments import Moments
from foldproof.data.profile import profile_of
from foldproof.data.profile_lines import ADVICE, terminal_lines
from foldproof.data.splits import make_split
from foldproof.data.telling import _ranks, telling
from foldproof.reproducibility import canonical_json
from tests.data.tables import table
from tests.data.test_duplicates import sentences

SIGNS = np.arange(20) // 2 % 2
GENERATOR = np.random.Generator(np.random.Philox(5))


def rows(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    return GENERATOR.normal(size=(count, 3)), GENERATOR.integers(0, 3, count)


def test_figures_are_those_of_pandas_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    features, targets = rows()
    features = features.astype(np.float32)
    features[::7, 1] = np.nan
    features[:, 2] += 1000
    dataset = describe("mine", features, targets)
    found = profile_of(dataset)
    frame = pd.DataFrame(features.astype(np.float64))
    for place, one in enumerate(found["columns"]):
        column = frame[place]
        assert one["missing"] == column.isna().sum()
        assert (one["least"], one["largest"]) == (column.min(), column.max())
        assert one["mean"] == pytest.approx(column.mean(), rel=1e-12)
        assert one["sd"] == pytest.approx(column.std(ddof=0), rel=1e-10)
    assert found["targets"][0]["classes"] == [[str(label), int((targets == label).sum())] for label in range(3)]
    assert found["warnings"] == []
    monkeypatch.setattr(profile_module, "BLOCK", 100)
    in_blocks = profile_of(dataset)
    assert in_blocks["columns"][2]["sd"] == pytest.approx(found["columns"][2]["sd"], rel=1e-12)
    canonical_json(found)


def test_moments_do_not_depend_on_how_rows_come_and_bear_empty_columns() -> None:
    values = GENERATOR.normal(1e6, 1, size=(50, 2))
    values[:, 1] = np.nan
    moments = Moments(2)
    for part in np.array_split(values, [1, 1, 30]):
        moments.add(part)
    assert moments.deviation[0] == pytest.approx(values[:, 0].std(), rel=1e-9)
    assert moments.missing.tolist() == [0, 50]


def test_copies_and_constants_are_counted(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = profile_of(table("a,b,c,y\n0,u,1,p\n-0,u,1,q\n2,u,1,p\n0,u,1,p\n"))
    assert found["duplicate_rows"] == 3, "the first of equal rows is one of them"
    assert found["constant"] == ["b", "c"]
    assert "the same in every row, so that it tells nothing: 'b', 'c'; name it in data.drop" in found["warnings"]
    assert "rows that equal another row: 3 of 4" in found["warnings"]


@pytest.mark.parametrize(
    ("leak", "why"),
    [
        (lambda target: target, "each of its 3 values goes with one class"),
        (lambda target: -2.5 * target + 7, "each of its 3 values goes with one class"),
        (lambda target: target + GENERATOR.uniform(0, 0.9, len(target)), "each class has a range of its own"),
        (lambda target: np.where(target == 1, np.nan, target), "each of its 3 values goes with one class"),
    ],
)
def test_a_feature_that_tells_the_class_is_pointed_out(leak: Any, why: str) -> None:
    features, targets = rows()
    features[:, 1] = leak(targets.astype(np.float64))
    (found,) = telling(describe("mine", features, targets, feature_names=("a", "b", "c"), target="y"))
    assert found == {"column": "b", "target": "y", "why": why}


def test_a_feature_that_orders_rows_as_the_target_does_is_pointed_out() -> None:
    features, targets = rows()[0], GENERATOR.normal(size=200)
    features[:, 2] = -np.exp(targets)
    (found,) = telling(describe("mine", features, targets))
    assert found["why"] == "rank correlation -1.0000"
    features[:, 2] = targets + GENERATOR.normal(size=200) * 0.1
    assert abs(spearmanr(features[:, 2], targets).statistic) < 0.999
    assert telling(describe("mine", features, targets)) == []


def test_ranks_are_those_of_scipy() -> None:
    values = GENERATOR.integers(0, 9, 40).astype(np.float64)
    np.testing.assert_array_equal(_ranks(values) + 1, rankdata(values))


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "iris", "diabetes"])
def test_sound_data_raises_no_suspicion(name: str) -> None:
    from foldproof.config.data import Data
    from foldproof.data.sources import load_source

    assert telling(load_source(Data.model_validate({"source": name}))) == []


def test_names_and_unique_numbers_tell_nothing() -> None:
    targets = np.arange(200) % 2
    assert telling(describe("mine", np.arange(200.0)[:, None], targets)) == []
    assert telling(describe("mine", targets[:20, None] * 1.0, targets[:20])) == [], "chance may do it in few rows"


def test_prepare_prints_an_aligned_table(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "age,colour,paid,since,y\n31,red,yes,2020-01-02,NA\n,blue,no,2019-12-31,b\n40.5,red,no,2020-01-02,b\n"
    lines = terminal_lines(profile_of(table(text)))
    assert lines[6] == ADVICE
    assert lines[:6] == [
        "column  type      missing  values",
        "age     number    1        31 to 40.5, mean 35.75, sd 4.75",
        "colour  category           2 different: red (2), blue (1)",
        "paid    boolean            33.3 % true",
        "since   date               2019-12-31 to 2020-01-02",
        "target y, 2 classes: NA 1, b 2",
    ]
    assert lines[7:] == ["! class 'NA' of 'y' is called as a missing value is elsewhere"]


def test_images_are_profiled_as_their_pixels() -> None:
    images = GENERATOR.integers(0, 256, (30, 4, 4)).astype(np.uint8)
    images[7] = images[3]
    found = profile_of(describe("images", images, np.arange(30) % 2))
    (pixel,) = found["columns"]
    assert (pixel["least"], pixel["largest"]) == (images.min(), images.max())
    assert pixel["sd"] == pytest.approx(images.std())
    assert found["duplicate_rows"] == 2


def test_several_targets_and_groups(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = table("g,x,y,z\nu,1,a,0.5\nv,2,b,1.5\nu,3,a,2\n", target=["y", "z"], group="g")
    dataset.save(tmp_path / "prepared")
    found = profile_of(Dataset.load(tmp_path / "prepared"))
    assert found["groups"] == 2
    assert found["targets"][0]["classes"] == [["a", 2], ["b", 1]]
    assert found["targets"][1]["largest"] == 2.0


@pytest.mark.parametrize(
    ("dataset", "rows"),
    [
        (sentences("ab", "abc", "ba", "ab", "cab", "bca"), 4),
        (describe("nan", np.array([[np.nan], [np.nan], [0], [-0.0], *([i] for i in range(1, 17))]), SIGNS), 4),
    ],
)
def test_copies_are_those_of_the_split(dataset: Dataset, rows: int) -> None:
    """Of text they are sentences: windows of different sentences may well be equal."""
    audit = make_split(dataset, Split(folds=2, test_share=0.0), seed=0).audit
    assert (profile_of(dataset)["duplicate_rows"], audit["duplicate_rows"]) == (rows, rows)
    assert any(f"{rows} of {len(dataset.features)}" in one for one in profile_of(dataset)["warnings"])
