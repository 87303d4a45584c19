"""A workspace whose stages up to the statistics have run, and stand-ins for what is looked at."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foldproof.checks import table
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.config import load_params
from foldproof.config.advice import Advice

ROOT = Path(__file__).parents[2]
PARAMS = "schema: 1\ndata: {source: iris}\nsplit: {folds: 2}\n"
FINE = Seen("all is well")
AMISS = Seen("off by 0.3", (Advice("model.factory", "mend it"),))


def run_stage(name: str) -> None:
    """Run a stage in the working directory, in this process."""
    main: Callable[[Any], None] = runpy.run_path(str(ROOT / "pipeline" / f"{name}.py"))["main"]
    main(load_params())


def make_workspace(folder: Path) -> None:
    """Params and what the stages before check write."""
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        for name in ("prepare", "split", "preprocess"):
            run_stage(name)


def put_checks(monkeypatch: pytest.MonkeyPatch, **seen: Seen) -> list[Any]:
    """Let checks of these names see this; returns where their subjects will be."""
    subjects: list[Any] = []

    def looking(found: Seen) -> Callable[[Any, Any], Seen]:
        def look(subject: Any, _: Any) -> Seen:
            subjects.append(subject)
            return found

        return look

    rows = {name: Check(f"Is {name} right?", "It matters.", looking(found)) for name, found in seen.items()}
    monkeypatch.setattr(table, "CHECKS", rows)
    return subjects
