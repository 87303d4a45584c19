"""A source of the user's own: found by its import path, its rows judged as others are, its code held tracked."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from foldproof.config import Params
from foldproof.config.data import Data
from foldproof.data.sources import hash_of_own_source, load_source, refuse_untracked_source
from foldproof.errors import ConfigError, FoldproofError
from foldproof.tracking.provenance import digest_of

SOURCE = """
import numpy as np
from foldproof.data.dataset import reading_of
from foldproof.data.describing import describe

FEATURES, TARGETS = np.arange(12.0).reshape(6, 2), np.arange(6) % 2

def arrays(path):
    return FEATURES, TARGETS

def named(path):
    return FEATURES, TARGETS, [path, "second"]

def reading(path):
    return reading_of(describe("mine", FEATURES, TARGETS))

def alone(path):
    return FEATURES

def infinite(path):
    return FEATURES * np.inf, TARGETS

number = 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/my_rows.py").write_text(SOURCE)
    (tmp_path / "dvc.yaml").write_text("stages:\n  prepare:\n    deps:\n    - src/foldproof\n")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    yield tmp_path
    sys.modules.pop("my_rows", None)


def own(function: str, module: str = "my_rows") -> Data:
    return Data(source=f"{module}:{function}", path="data/raw/mine.bin")


@pytest.mark.usefixtures("project")
def test_arrays_names_or_a_reading() -> None:
    wanted = np.arange(12, dtype=np.float32).reshape(6, 2)
    for function in ("arrays", "named", "reading"):
        assert np.array_equal(load_source(own(function)).features, wanted)
    assert load_source(own("named")).schema.features == ("data/raw/mine.bin", "second")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("source", "told"),
    [
        (own("alone"), "my_rows:alone returned ndarray, legal: "),
        (own("number"), "is int, legal: a function of a path"),
        (own("nothing"), "my_rows has no 'nothing'"),
        (own("rows", "nowhere"), "cannot be imported: No module named 'nowhere'"),
    ],
)
def test_what_is_no_source_is_refused(source: Data, told: str) -> None:
    with pytest.raises(FoldproofError, match=told):
        load_source(source)


@pytest.mark.usefixtures("project")
@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")  # 0 times infinity, which is the point
def test_its_rows_are_judged_as_others_are() -> None:
    with pytest.raises(FoldproofError, match="features hold infinite"):
        load_source(own("infinite"))


def test_its_code_must_be_a_dependency_of_prepare(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.source: .*add `- src/my_rows\.py` to the deps of stage prepare"):
        refuse_untracked_source(own("arrays"), project)
    (project / "dvc.yaml").write_text("stages:\n  prepare:\n    deps:\n    - src\n")
    refuse_untracked_source(own("arrays"), project)
    refuse_untracked_source(Data(), project / "nowhere")


def test_a_change_of_its_code_is_another_run(project: Path) -> None:
    chosen = Params(data=own("arrays"))
    before, run = hash_of_own_source(chosen.data), digest_of(chosen, "data", project)
    (project / "src/my_rows.py").write_text(f"{SOURCE}\n# another thought\n")
    assert hash_of_own_source(chosen.data) != before
    assert digest_of(chosen, "data", project) != run
    assert hash_of_own_source(Data()) == ""
