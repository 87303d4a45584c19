"""Stage check: what it writes, when it stops the pipeline, and what training says of it."""

import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from foldproof.checks import table
from foldproof.checks.figures import plot_of
from foldproof.checks.finding import load_findings
from foldproof.config.reference import reference
from foldproof.errors import CheckError
from foldproof.report.small_plots import draw
from foldproof.reproducibility import read_json, sha256_of_file
from tests.commands.checked import AMISS, FINE, PARAMS, ROOT, make_workspace, put_checks, run_stage

LEGAL = set(re.findall(r"^\| `([^`]+)` \|", reference(), re.MULTILINE))
LIGHT = """
import runpy, sys
from foldproof.config import load_params
runpy.run_path(sys.argv[1])["main"](load_params())
print([name for name in ("pytorch_lightning", "sklearn", "pandas", "matplotlib", "mlflow") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    make_workspace(folder)
    return folder


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").symlink_to(prepared / "data", target_is_directory=True)
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text((prepared / name).read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_is_written_where_nothing_is_wrong(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = put_checks(monkeypatch, first_loss=FINE, capacity=AMISS)
    before = torch.get_num_threads()
    run_stage("check")
    assert read_json("reports/verdict.json") == {"passed": True, "errors": []}
    found = load_findings(workspace / "reports/checks.json")
    assert [(one.check, one.status) for one in found] == [("first_loss", "ok"), ("capacity", "warning")]
    assert subjects[0].params.split.folds != 2, "a section that the stage does not declare is not handed on"
    assert subjects[0].beginning is not None
    assert torch.get_num_threads() == before


def test_what_every_real_check_finds_can_be_shown(workspace: Path) -> None:
    run_stage("check")
    found = load_findings(workspace / "reports/checks.json")
    assert [one.check for one in found] == list(table.CHECKS)
    assert "error" not in [one.status for one in found], "rows and params as they are shipped"
    for one in found:
        plot = plot_of(one.figures)
        if plot is not None:
            drawing = draw(plot)
            assert drawing is None or drawing.shapes
            assert one.figures.keys() <= asdict(plot).keys(), f"{one.check}: no field of {type(plot).__name__}"
        assert "\n" not in one.sentence
        assert {advice.key for advice in one.advice} <= LEGAL


def test_an_error_stops_the_pipeline_and_says_all(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_checks(monkeypatch, gradient=AMISS, first_loss=AMISS, tiny_rows=FINE)
    with pytest.raises(CheckError) as caught:
        run_stage("check")
    told = str(caught.value)
    for expected in ("gradient: off by 0.3", "model.factory: mend it", "check.on_error: warn"):
        assert expected in told
    assert "first_loss" not in told, "a warning stops nothing"
    assert read_json("reports/verdict.json") == {"passed": False, "errors": ["gradient"]}
    assert len(load_findings(workspace / "reports/checks.json")) == 3
    assert "1 of 3 passed; warning: first_loss; error: gradient" in capsys.readouterr().out


def test_it_ends_with_code_1_and_no_traceback_and_loads_little(workspace: Path) -> None:
    (workspace / "params.yaml").write_text(f"{PARAMS}nonsense: 1\n")
    script = str(ROOT / "pipeline/check.py")
    refused = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "stage check stopped" in refused.stderr
    assert "Traceback" not in refused.stderr
    (workspace / "params.yaml").write_text(f"{PARAMS}check: {{on_error: warn}}\n")
    done = subprocess.run([sys.executable, "-c", LIGHT, script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_with_warn_it_goes_on_with_the_same_verdict(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "params.yaml").write_text(f"{PARAMS}check: {{on_error: warn}}\n")
    put_checks(monkeypatch, gradient=AMISS)
    run_stage("check")
    assert read_json("reports/verdict.json") == {"passed": False, "errors": ["gradient"]}


def test_a_severity_decides_what_a_finding_is(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "params.yaml").write_text(
        f"{PARAMS}check: {{gradient: {{severity: warning}}, first_loss: {{severity: 'off'}}}}\n"
    )
    subjects = put_checks(monkeypatch, gradient=AMISS, first_loss=AMISS)
    run_stage("check")
    (found,) = load_findings(workspace / "reports/checks.json")
    assert (found.check, found.status, len(subjects)) == ("gradient", "warning", 1)


def test_a_threshold_or_figure_that_changes_leaves_the_verdict_to_the_byte(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = []
    for factor, figure in ((3, 0.5), (4, 0.6)):
        (workspace / "params.yaml").write_text(f"{PARAMS}check: {{first_loss: {{factor: {factor}}}}}\n")
        put_checks(monkeypatch, first_loss=type(FINE)(f"{figure} times", figures={"times": figure}))
        run_stage("check")
        files = (workspace / "reports" / name for name in ("verdict.json", "checks.json"))
        hashes.append([sha256_of_file(file) for file in files])
    (one, its_figures), (other, other_figures) = hashes
    assert one == other
    assert its_figures != other_figures
