"""What `make repro`, `make smoke` and `foldproof summary` do around the pipeline."""

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from foldproof.config import load_params, params_from
from foldproof.config.check import Check
from foldproof.config.reading import read_yaml
from foldproof.reproducibility import canonical_json, read_json
from foldproof.validation import validate
from foldproof.writer import one_run

STAGES = ("prepare", "split", "preprocess", "check", "train", "evaluate", "report")
SMOKE = Path(".foldproof/smoke")
SMALL: dict[str, dict[str, Any]] = {"split": {"folds": 2, "repeats": 1}, "train": {"epochs": 2}}


def repro(root: Path, arguments: Sequence[str]) -> int:
    """Validate, run `dvc repro` with the arguments, send what MLflow lacks, show the result; returns its exit code."""
    print(validate(root), flush=True)
    with one_run(root):
        code = _run([sys.executable, "-m", "dvc", "repro", *arguments], root)
    if code:
        return code
    send(root, quiet=True)
    return show_summary(root)


def _run(command: list[str], root: Path) -> int:
    """Run a command to its own end: Ctrl-C reaches it too, and what it then does must not be cut short."""
    with subprocess.Popen(command, cwd=root, env=stage_environment()) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def show_summary(root: Path, *, as_markdown: bool = False) -> int:
    """Print the result of the last run as tables, or as Markdown."""
    from foldproof.checks.finding import load_findings
    from foldproof.evaluation.assessment import Assessment
    from foldproof.report.summary import markdown, show

    path, cut = root / "reports" / "evaluation.json", _how_the_last_run_was_cut(root)
    if not path.exists():
        print(f"no result yet: the last run {cut}" if cut else "no result yet; `make repro` makes one")
        return 0
    assessment = Assessment.from_dict(read_json(path))
    head = f"This is an earlier run's result; the last one {cut}" if cut else ""
    findings = () if cut else load_findings(root / "reports" / "checks.json")  # which are the last run's
    if as_markdown:
        print(markdown(assessment, findings, head))
    else:
        report = os.path.relpath(root / "reports" / "report.html")
        show(assessment, report=report, findings=findings, head=head)
    return 0


def _how_the_last_run_was_cut(root: Path) -> str:
    """What kept the last run from its result; empty where nothing did, or nothing was begun.

    DVC removes what a stage makes when the stage starts: a result without its model is that of an earlier run.
    """
    verdict, params = root / "reports" / "verdict.json", root / "params.yaml"
    if verdict.exists() and (errors := read_json(verdict)["errors"]):
        section = (read_yaml(params).get("check") if params.exists() else None) or {}
        if section.get("on_error", Check.model_fields["on_error"].default) == "stop":
            return f"was stopped in check: {', '.join(errors)} (`foldproof check` says why)"
    has_result = (root / "reports" / "evaluation.json").exists()
    return "has not finished training" if has_result and not (root / "models").exists() else ""


def send(root: Path, *, quiet: bool) -> int:
    """Write to MLflow what its record lacks; a server that is away is a warning, not a failure."""
    from foldproof.tracking.sync import sync

    report = sync(root, verify=not quiet)
    if report.left or report.restored or not quiet:
        print(report)
    return 0


def smoke(root: Path) -> int:
    """Run every stage small, in this process and in a folder of its own, with nothing sent; returns 0 when all ran."""
    started = monotonic()
    values = read_yaml(root / "params.yaml")
    for section, keys in SMALL.items():
        values[section] = {**values.get(section, {}), **keys}
    params_from(values, where=str(root / "params.yaml"))
    folder = root / SMOKE
    shutil.rmtree(folder, ignore_errors=True)
    _link_inputs(root, folder)
    (folder / "params.yaml").write_text(canonical_json(values))
    os.environ |= {"FOLDPROOF_TRACKING": "off", "DVC_ROOT": str(folder)}
    os.chdir(folder)
    try:
        for name in STAGES:
            print(f"-- {name}", flush=True)
            runpy.run_path(str(root / "pipeline" / f"{name}.py"))["main"](load_params())
    finally:
        os.chdir(root)
    show_summary(folder)
    print(f"smoke: all {len(STAGES)} stages ran in {monotonic() - started:.0f} s; the real outputs were not touched")
    return 0


def stage_environment() -> dict[str, str]:
    """The environment of a stage: this interpreter first on the path, no telemetry."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    quiet = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    return {**os.environ, **quiet, "PATH": path}


def _link_inputs(root: Path, folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    for name in ("raw", "start"):
        (folder / "data" / name).symlink_to(root / "data" / name, target_is_directory=True)
    for name in ("dvc.yaml", "constraints.txt"):
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
