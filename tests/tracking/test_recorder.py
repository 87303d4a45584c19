"""What the stages of a pipeline leave in the journal; nothing is sent here."""

import resource
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import torch

from foldproof.config import load_params
from foldproof.data.splits import Member
from foldproof.errors import TrainingError
from foldproof.reproducibility import write_json
from foldproof.tracking import background, restoring
from foldproof.tracking.journal import Record, read
from foldproof.tracking.picture import picture_of
from foldproof.tracking.recorder import Recorder
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home
from foldproof.training.divergence import refuse_if_all_diverged
from foldproof.training.events import LayersWatched, MemberStopped
from foldproof.training.kept import Kept
from foldproof.training.weights import Weights
from tests.tracking.projects import (
    EPOCHS,
    MEMBERS,
    dataset,
    figures,
    leave_evaluation,
    leave_report,
    leave_training,
    make_project,
    tell_fit,
)


@pytest.fixture(autouse=True)
def _nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDPROOF_TRACKING", "off")
    monkeypatch.setattr(restoring, "environment", lambda: {"torch": "1.2.3"})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path)
    return tmp_path


def train(root: Path) -> int:
    with Recorder("train", root=root) as record:
        tell_fit(record.sink)
        leave_training(root)
        record.results()
        return record.attempt


def told(root: Path) -> list[Record]:
    (path,) = Home(root).journals()
    return read(path)[0]


def figures_told(records: list[Record]) -> dict[tuple[Any, ...], float]:
    """(repeat, fold) or None, name, step: value; a figure that comes twice has one value."""
    found: dict[tuple[Any, ...], float] = {}
    for record in records:
        if record.kind == "metrics":
            member = record.body["member"]
            for name, value in record.body["values"].items():
                key = (None if member is None else tuple(member[1:]), name, record.body["step"])
                assert found.setdefault(key, value) == value
    return found


def test_the_stages_of_a_pipeline_write_one_run(project: Path) -> None:
    assert train(project) == 1
    with Recorder("evaluate", root=project) as record:
        leave_evaluation(project)
        record.results()
    with Recorder("report", root=project) as record:
        leave_report(project)
        record.results()
    records = told(project)
    assert [record.kind for record in records[:2]] == ["open", "input"]
    opening = records[0].body
    assert opening["digest"] == record.digest
    assert (opening["name"], opening["experiment"]) == ("digits mlp adam", "foldproof")
    assert opening["params"]["train.epochs"] == EPOCHS
    stages = [(record.body["name"], record.body["status"]) for record in records if record.kind == "stage"]
    assert stages == [(name, status) for name in ("train", "evaluate", "report") for status in ("started", "finished")]
    files = [Path(record.body["file"]).name for record in records if record.kind == "artifact"]
    assert sorted(files) == sorted(
        ["params.yaml", "environment.json", "metrics.json", "evaluation.json", "folds.csv", "curves.png", "report.html"]
    )
    values = figures_told(records)
    for member in MEMBERS:
        for epoch in range(EPOCHS):
            for name, value in figures(member, epoch).items():
                assert values[(0, member.fold), name, epoch] == value
    assert values[None, "accuracy", None] == 0.9
    assert values[None, "test.accuracy", None] == 0.8
    assert values[(0, 1), "accuracy", None] == 0.88
    assert ((0, 1), "stopped", None) not in values


def test_what_was_found_before_training_is_told(project: Path) -> None:
    write_json(project / "reports/verdict.json", {"passed": False, "errors": ["gradient", "outputs"]})
    found = {"first_loss": "ok", "capacity": "warning", "gradient": "error"}
    checks = [{"check": name, "status": status} for name, status in found.items()]
    write_json(project / "reports/checks.json", {"schema": 1, "checks": checks})
    train(project)
    with Recorder("report", root=project) as record:
        leave_report(project)
        record.results()
    tags: dict[str, str] = {}
    for record_told in told(project):
        tags |= record_told.body if record_told.kind == "tags" else {}
    assert tags["foldproof.checks"] == "gradient, outputs"
    assert tags["foldproof.check_warnings"] == "capacity"
    files = [Path(one.body["file"]).name for one in told(project) if one.kind == "artifact"]
    assert files.count("checks.json") == 1


def test_a_forced_repeat_is_another_attempt_with_a_name_of_its_own(project: Path) -> None:
    assert train(project) == 1
    with Recorder("evaluate", root=project):
        pass
    assert train(project) == 2
    names = {read(path)[0][0].body["name"] for path in Home(project).journals()}
    assert names == {"digits mlp adam", "digits mlp adam (2)"}


def test_a_failed_attempt_goes_on_and_knows_its_earlier_epochs(project: Path) -> None:
    with pytest.raises(ValueError, match="bad luck"), Recorder("train", root=project) as record:  # noqa: PT012
        tell_fit(record.sink, range(2))
        raise ValueError("bad luck")
    assert picture_of(told(project)).stages == {"train": "failed"}
    with Recorder("train", root=project) as record:
        tell_fit(record.sink, range(2, EPOCHS))
    records = told(project)
    assert picture_of(records).stages == {"train": "finished"}
    assert figures_told(records)[(0, 0), "best_inner_validation_loss", None] == 0.5
    messages = [record.body["message"] for record in records if record.kind == "stage"]
    assert messages == ["", "ValueError: bad luck", "", ""]


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "killed"), (SystemExit(1), "failed"), (SystemExit(0), "finished")]
)
def test_an_exception_ends_the_stage_and_goes_on(project: Path, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), Recorder("train", root=project):
        raise error
    assert picture_of(told(project)).stages == {"train": status}


def test_evaluating_what_came_from_the_cache_brings_its_curves_along(project: Path) -> None:
    """Only a param of evaluate changed, or DVC restored training's outputs: the digest has no journal yet."""
    train(project)
    live = figures_told(told(project))
    (project / "params.yaml").write_text((project / "params.yaml").read_text() + "evaluate: {confidence: 0.9}\n")
    with Recorder("evaluate", root=project) as record:
        leave_evaluation(project)
        record.results()
    records = read(Home(project).journal(record.digest, 1))[0]
    assert picture_of(records).stages == {"train": "finished", "evaluate": "finished"}
    restored = figures_told(records)
    assert {key: value for key, value in restored.items() if key in live} == live
    with Recorder("report", root=project):
        pass
    assert len([r for r in read(Home(project).journal(record.digest, 1))[0] if r.kind == "stage"]) == 6


def test_what_training_ran_on_is_told(project: Path) -> None:
    train(project)
    tags = {name: value for record in told(project) if record.kind == "tags" for name, value in record.body.items()}
    assert (tags["foldproof.device"], tags["foldproof.threads"]) == ("cpu", "1")
    assert tags["foldproof.dvc_stage"] == "train"


def test_figures_may_be_anything_that_is_a_number(project: Path) -> None:
    import numpy as np

    with Recorder("train", root=project) as record:
        record.metrics({"a": np.float32(0.5), "b": np.int64(3), "c": float("nan")}, Member(0, 1, 2), 4)  # type: ignore[dict-item]
    (entry,) = [record for record in told(project) if record.kind == "metrics"]
    assert entry.body == {"member": [0, 1, 2], "step": 4, "values": {"a": 0.5, "b": 3.0, "c": "nan"}}


def test_a_full_disk_costs_the_record_and_not_the_training(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Recorder("train", root=project) as record:
        record.metrics({"a": 1.0})
        (path,) = Home(project).journals()
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, hard))
        try:
            tell_fit(record.sink)
            record.metrics({"b": 1.0})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (line,) = capsys.readouterr().err.splitlines()
    assert "goes on without a record" in line
    assert [record.body["values"] for record in told(project) if record.kind == "metrics"] == [{"a": 1.0}]


def test_a_missing_file_is_the_callers_fault(project: Path) -> None:
    with Recorder("report", root=project) as record, pytest.raises(FileNotFoundError):
        record.artifact("reports/nothing.html")


def test_a_damaged_journal_is_said_and_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(project)
    (path,) = Home(project).journals()
    path.write_bytes(path.read_bytes().replace(b'"kind": "input"', b'"kind": "inputs"'))
    assert train(project) == 2
    assert f"{path}, line 2" in capsys.readouterr().err


def test_a_companion_that_does_not_come_to_an_end_is_not_waited_for(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FOLDPROOF_TRACKING")
    monkeypatch.setattr(background, "WAIT_AT_END", 0.5)
    started = monotonic()
    with Recorder("train", root=project) as record:
        assert record._companion is not None
        assert record._companion.process is not None
        record._companion.process.send_signal(signal.SIGSTOP)
        tell_fit(record.sink)
    assert monotonic() - started < 5
    (line,) = capsys.readouterr().err.splitlines()
    assert "MLflow did not take them within" in line
    assert picture_of(told(project)).stages == {"train": "finished"}


def test_a_stage_that_died_with_its_companion_is_found_by_sync(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody is there
    record = Recorder("train", root=project).__enter__()
    assert picture_of(told(project)).unfinished
    assert sync(project).left[0].records == len(told(project))
    assert picture_of(told(project)).unfinished, "it lives"
    assert record._journal is not None
    record._journal.close()  # as its death would do
    report = sync(tmp_path)
    assert picture_of(told(project)).stages == {"train": "killed"}
    assert "Connection refused" in str(report)
    assert "kept in .foldproof" in str(report)


def test_sync_names_a_damaged_journal_and_goes_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    train(project)
    with Recorder("evaluate", root=project):
        pass
    train(project)
    path, other = sorted(Home(project).journals())
    path.write_bytes(b"x" + path.read_bytes())
    report = sync(project)
    assert [left.journal for left in report.left] == [path, other]
    assert f"{path}, line 1" in str(report)
    assert "no longer writes" in str(report)


def test_a_stage_may_read_its_project_by_itself(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with Recorder("report") as record:
        pass
    with Recorder("report", load_params(project / "params.yaml"), dataset("image").schema, project) as given:
        pass
    assert record.digest == given.digest


def test_a_run_whose_members_all_diverged_has_failed_and_holds_no_model(project: Path) -> None:
    kept = Kept.start(Weights(torch.zeros(2, 1), {}), averages=False, snapshots=0)
    kept.stopped, kept.told = ["diverged"] * 2, ["not finite from step 1 on"] * 2
    kept.cause = ["rate_too_high"] * 2
    two = (1.0, 1.0)
    with pytest.raises(TrainingError, match="fold 0: not finite"), Recorder("train", root=project) as record:  # noqa: PT012
        record.sink(LayersWatched(0, 0, MEMBERS, two, two, two, {"0.weight": two}, {}, {}))
        for member in MEMBERS:
            record.sink(MemberStopped(member, 0, -1, "diverged", "not finite from step 1 on"))
        refuse_if_all_diverged(kept, MEMBERS)
    records = told(project)
    assert picture_of(records).stages == {"train": "failed"}
    assert not figures_told(records)
    assert not [one for one in records if one.kind in ("model", "artifact") and "model" in str(one.body)]
