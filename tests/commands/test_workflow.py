"""`make smoke` runs every stage away from the real outputs; `foldproof summary` shows what there is."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from foldproof.workflow import SMOKE, STAGES, show_summary, smoke, stage_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a projéct"
    shutil.copytree(ROOT / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "dvc.yaml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "data/raw").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name in ("FOLDPROOF_TRACKING", "DVC_ROOT"):
        monkeypatch.setenv(name, "")  # so that what smoke sets is put back
    return folder


def test_smoke_runs_every_stage_and_touches_no_real_output(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path for path in project.rglob("*") if path.is_file()}
    assert smoke(project) == 0
    told = capsys.readouterr().out
    assert [line[3:] for line in told.splitlines() if line.startswith("-- ")] == list(STAGES)
    assert (project / SMOKE / "reports/report.html").exists()
    assert "fold 1" in told
    assert Path.cwd() == project
    new = {path for path in project.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(project / ".foldproof") for path in new)
    assert show_summary(project / SMOKE, as_markdown=True) == 0
    assert "| majority class |" in capsys.readouterr().out


def test_without_a_result_the_summary_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_summary(tmp_path) == 0
    assert "make repro" in capsys.readouterr().out


def test_stages_find_this_interpreter_and_report_nothing_home() -> None:
    environment = stage_environment()
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["DVC_NO_ANALYTICS"] == "1"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
