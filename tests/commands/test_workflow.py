"""`make smoke` runs every stage away from the real outputs; `foldproof summary` shows what there is."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from foldproof.checks.finding import to_dict
from foldproof.reproducibility import write_json
from foldproof.workflow import SMOKE, STAGES, show_summary, smoke, stage_environment
from tests.checks.findings import FINDINGS
from tests.evaluation.stand_in import digits_assessment

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


@pytest.fixture
def with_result(tmp_path: Path) -> Path:
    write_json(tmp_path / "reports/evaluation.json", digits_assessment().to_dict())
    write_json(tmp_path / "reports/checks.json", to_dict(FINDINGS))
    write_json(tmp_path / "reports/verdict.json", {"passed": True, "errors": []})
    (tmp_path / "models").mkdir()
    (tmp_path / "params.yaml").write_text("schema: 1\n")
    return tmp_path


EARLIER = "This is an earlier run's result; the last one "


@pytest.mark.parametrize("as_markdown", [False, True])
def test_a_result_is_said_to_be_earlier_where_the_last_run_has_none(
    with_result: Path, capsys: pytest.CaptureFixture[str], *, as_markdown: bool
) -> None:
    def told() -> str:
        assert show_summary(with_result, as_markdown=as_markdown) == 0
        return " ".join(capsys.readouterr().out.split())

    assert EARLIER not in told()
    assert "Checks before training" in told()
    write_json(with_result / "reports/verdict.json", {"passed": False, "errors": ["symmetry", "tiny_rows"]})
    head = told()
    assert head.removeprefix("**").startswith(f"{EARLIER}was stopped in check: symmetry, tiny_rows (")
    assert "Checks before training" not in head  # they are not those of this result
    (with_result / "params.yaml").write_text("schema: 1\ncheck: {on_error: warn}\n")
    assert EARLIER not in told()
    (with_result / "models").rmdir()
    assert f"{EARLIER}has not finished training" in told()


def test_without_a_result_it_says_where_the_last_run_was_stopped(
    with_result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (with_result / "reports/evaluation.json").unlink()
    write_json(with_result / "reports/verdict.json", {"passed": False, "errors": ["symmetry"]})
    assert show_summary(with_result) == 0
    assert capsys.readouterr().out.startswith("no result yet: the last run was stopped in check: symmetry (")


def test_stages_find_this_interpreter_and_report_nothing_home() -> None:
    environment = stage_environment()
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["DVC_NO_ANALYTICS"] == "1"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
