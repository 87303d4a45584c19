"""What is wrong is found before any stage starts, all of it, and what was found valid is not checked again."""

import json
import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from foldproof.config.customary import CUSTOMARY, Kind
from foldproof.errors import ConfigError, DataError
from foldproof.validation import REMEMBERED, validate
from tests.data.tagged import written

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "foldproof"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "data/raw").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    path = project / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_project_is_valid_and_remembered(project: Path) -> None:
    assert "1797 rows" in validate(project)
    assert "as they were" in validate(project)


def prepared_last(project: Path, kind: str | None) -> None:
    if kind:
        (project / "data/prepared").mkdir()
        (project / "data/prepared/schema.json").write_text(json.dumps({"kind": kind}))


def of_kind(project: Path, kind: Kind) -> None:
    """Let params.yaml name data of this kind."""
    named = {"image": "digits", "table": "wine", "text": "conll\n  columns: [token, pos, ner]"}[kind]
    edit(project, "source: digits", f"source: {named}")
    if kind == "text":
        edit(project, "path: null", f"path: {written(project, count=120)}")
        edit(project, "target: null", "target: [pos, ner]")


FEWEST = min(get_args(Kind), key=lambda kind: CUSTOMARY["train.epochs"][kind])


@pytest.mark.parametrize("before", [None, FEWEST])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_keys_are_compared_with_what_is_customary_for_the_kind_of_the_data_itself(
    kind: Kind, before: Kind | None, project: Path
) -> None:
    """Not for that of the data prepared last, nor for images where none is."""
    prepared_last(project, before)
    of_kind(project, kind)
    most = CUSTOMARY["train.epochs"][kind]
    edit(project, "    name: none            # none | ema", f"    snapshots: {{every_epochs: {most}}} #")
    assert "params.yaml is valid" in validate(project)
    edit(project, f"every_epochs: {most}", f"every_epochs: {most + 1}")
    with pytest.raises(ConfigError) as caught:
        validate(project)
    assert caught.value.problems == (
        f"train.averaging.snapshots.every_epochs: found {most + 1}, legal: null or 1 to {most} (train.epochs)",
    )


def test_vectors_of_words_go_where_the_shipped_pipeline_looks_for_them(project: Path) -> None:
    of_kind(project, "text")
    (project / "data/start").mkdir()
    (project / "data/start/vectors.txt").write_text("ana 1 2\nsees 3 4\n")
    edit(project, "model:\n", "model:\n  embedding: {dimension: 2, vectors: data/start/vectors.txt}\n")
    assert "params.yaml is valid" in validate(project)


def test_what_is_legal_but_unwise_is_told_each_time(project: Path) -> None:
    edit(project, "name: auto          #", "name: mse   #")
    for _ in range(2):
        told, *warnings = validate(project).splitlines()
        assert "valid" in told
        assert [line.split(": ")[:2] for line in warnings] == [["warning", "train.loss.name"]]


def test_an_edit_is_checked_anew(project: Path) -> None:
    validate(project)
    edit(project, "seed: 0", "seed: 1")
    assert "1797 rows" in validate(project)


def test_everything_that_does_not_fit_is_told_at_once(project: Path) -> None:
    edit(project, "source: digits", "source: wine")
    edit(project, "name: auto         # auto (cnn", "name: cnn  # auto (cnn")
    edit(project, "shift: auto", "shift: 0.5")
    edit(project, "batch_size: auto", "batch_size: 5000")
    edit(project, "primary_metric: auto", "primary_metric: r2")
    with pytest.raises(ConfigError) as caught:
        validate(project)
    told = "\n".join(caught.value.problems)
    for expected in (
        "train.batch_size: found 5000",
        "augment.shift: found 0.5",
        "model.name: found cnn",
        "found r2, legal for classification",
    ):
        assert expected in told
    assert not (project / REMEMBERED).exists()


def test_batches_of_one_row_are_refused_before_any_stage_where_rows_need_company(project: Path) -> None:
    edit(project, "batch_size: auto", "batch_size: 1")
    edit(project, "mixup: 0 ", "cutmix: 1.0\n  mixup: 0.2")
    with pytest.raises(ConfigError) as caught:
        validate(project)
    assert caught.value.problems == (
        "augment.mixup: found 0.2, legal with train.batch_size 1: 0",
        "augment.cutmix: found 1, legal with train.batch_size 1: 0",
        "train.batch_size: found 1, legal with batch normalisation: at least 2; or set model.normalisation: layer",
    )


def test_a_network_that_does_not_fit_is_told_once(project: Path) -> None:
    edit(project, "source: digits", "source: wine")
    edit(project, "name: auto         # auto (cnn", "name: cnn  # auto (cnn")
    with pytest.raises(ConfigError) as caught:
        validate(project)
    assert len(caught.value.problems) == 1


def test_every_refusal_of_data_training_and_evaluation_is_asked_for() -> None:
    """Those that begin with an underscore are called by functions that are."""
    sources = [path for room in ("data", "model", "training", "evaluation") for path in (SOURCES / room).rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"^def (refuse_\w+)", path.read_text(), re.MULTILINE)}
    assert len(named) >= 5
    assert not {name for name in named if f"{name}(" not in (SOURCES / "validation.py").read_text()}


def test_bad_data_is_found_before_any_stage(project: Path) -> None:
    (project / "data/raw/mine.csv").write_text("a,y\n1,p\ninf,q\n")
    edit(project, "source: digits", "source: csv")
    edit(project, "path: null", "path: data/raw/mine.csv")
    edit(project, "target: null", "target: y")
    with pytest.raises(DataError, match=r"column 'a': infinite, or too large for float32, in 1 line \(3\)"):
        validate(project)


def test_no_rows_are_left_behind(project: Path) -> None:
    validate(project)
    assert not list((project / ".foldproof").glob("validate-*"))


def test_a_folder_without_a_pipeline_is_refused(project: Path) -> None:
    (project / "dvc.yaml").unlink()
    with pytest.raises(ConfigError, match=r"holds no dvc\.yaml"):
        validate(project)


def test_a_network_of_ones_own_must_be_a_dep_of_check_and_train_and_is_checked_anew_when_it_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = project / "src" / "network_in_src.py"
    source.parent.mkdir()
    network = "nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))"
    source.write_text(f"from torch import nn\n\n\ndef make(shape, outputs):\n    return {network}\n")
    monkeypatch.syspath_prepend(str(source.parent))
    edit(project, "  name: auto         # auto (cnn", "  name: factory\n  factory: network_in_src:make # auto (cnn")
    with pytest.raises(ConfigError, match=r"add `- src/network_in_src\.py` to the deps of stage train"):
        validate(project)
    pipeline = project / "dvc.yaml"
    for script in ("- pipeline/check.py", "- pipeline/train.py"):
        pipeline.write_text(pipeline.read_text().replace(script, f"{script}\n      - src/network_in_src.py"))
    assert "1797 rows" in validate(project)
    assert "as they were" in validate(project)
    source.write_text(source.read_text() + "\n\n# another thought\n")
    assert "1797 rows" in validate(project)
