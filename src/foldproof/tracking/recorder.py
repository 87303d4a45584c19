"""The record of a stage, as the pipeline's scripts use it.

    with Recorder("train", params, schema) as record:
        fit(..., sinks=[display, record.sink])
        ...  # write the stage's files
        record.results()

Entries go to the journal at once; a companion process tells MLflow. `FOLDPROOF_TRACKING=off` keeps the journal alone.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from foldproof.config import Params, load_params
from foldproof.data.schema import Schema
from foldproof.data.splits import Member
from foldproof.reproducibility import read_json
from foldproof.tracking import provenance
from foldproof.tracking.address import without_secrets
from foldproof.tracking.attempts import Opened, open_journal
from foldproof.tracking.background import Companion
from foldproof.tracking.curves import Curves
from foldproof.tracking.journal import Journal
from foldproof.tracking.picture import TRAINING, picture_of
from foldproof.tracking.restoring import describe_run, restore
from foldproof.tracking.results import LEAVES, record_outputs
from foldproof.tracking.scribe import Scribe, StageStatus
from foldproof.tracking.workspace import Home, files_of, main_workspace
from foldproof.training.events import Event, FitStarted

SWITCH = "FOLDPROOF_TRACKING"


class Recorder:
    """Records one stage of a pipeline run: its journal entries, how it ended, and, through them, its MLflow run.

    A stage that fails is recorded as FAILED with its message, an interrupted one as KILLED, and the exception goes on.
    Where the journal cannot be written (a full disk), the stage goes on unrecorded and says so once.
    """

    def __init__(
        self,
        stage: str,
        params: Params | None = None,
        schema: Schema | None = None,
        root: Path | None = None,
        *,
        more_to_come: bool = False,
    ) -> None:
        """Record `stage` of the project at `root` (default: here), whose params and schema are read if not given.

        Where there is `more_to_come`, MLflow is told the last of this stage while the next one begins.
        """
        self._more_to_come = more_to_come
        self.stage, self.root = stage, (root or Path.cwd()).resolve()
        self.params = params or load_params(self.root / "params.yaml")
        self.schema = schema or Schema.from_dict(read_json(self.root / "data" / "prepared" / "schema.json"))
        self.workspace = main_workspace(self.root, os.environ)
        self.digest = provenance.digest_of(self.params, self.schema.fingerprint, self.root)
        self.attempt = 0
        self._journal: Journal | None = None
        self._companion: Companion | None = None
        self._lost = ""

    def __enter__(self) -> Self:
        self._attempt_to_write(self._open)
        return self

    def sink(self, event: Event) -> None:
        """Take an event of `foldproof.training.events`."""
        self._attempt_to_write(lambda: self._curves.take(event))
        if isinstance(event, FitStarted):
            facts = ("device", "threads", "populations", "parameters", "steps_per_epoch")
            self.tags({f"foldproof.{name}": str(getattr(event, name)) for name in facts})

    def metrics(self, values: Mapping[str, float], member: Member | None = None, step: int | None = None) -> None:
        """Figures of a member, or of the whole run; `step` is the epoch, None for a figure without a series."""
        self._attempt_to_write(lambda: self._scribe.metrics(values, member, step))

    def artifact(self, path: str | Path, folder: str = "") -> None:
        """A file, to be found under `folder` among the run's artifacts."""
        content = (self.root / path).read_bytes()
        self._attempt_to_write(lambda: self._scribe.text(Path(path).name, content, folder))

    def model(self, folder: str | Path = "models") -> None:
        """The exported model in `folder`; the first prepared rows become the example of its input."""
        features = self.root / "data" / "prepared" / "features.npy"
        self._attempt_to_write(lambda: self._scribe.model(self.root / folder, features))

    def tags(self, tags: Mapping[str, str]) -> None:
        """Tags of the whole run."""
        self._attempt_to_write(lambda: self._scribe.tags(tags))

    def results(self) -> None:
        """All that this stage has left in the workspace, in the way that `foldproof sync` would record it."""
        self._attempt_to_write(lambda: record_outputs(self._scribe, self.root, self.stage, self.params.seed))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status, message = _ending(error)
        try:
            self._attempt_to_write(lambda: self._curves.close())
            self._attempt_to_write(lambda: self._scribe.stage(self.stage, status, message))
            if self._companion is not None and self._more_to_come and status == "finished":
                self._companion.leave()
            elif self._companion is not None:
                self._take_leave(self._companion)
        finally:
            if self._journal is not None:
                self._journal.close()

    def _open(self) -> None:
        opened = open_journal(Home(self.workspace), self.digest, self.stage)
        self._journal, self.attempt = opened.journal, opened.attempt
        for problem in opened.problems:
            _say(f"tracking: {problem}")
        try:
            self._scribe = Scribe(opened.journal)
            self._curves = Curves(self._scribe.metrics)
            self._begin(opened)
        except BaseException:
            opened.journal.close()
            raise
        if os.environ.get(SWITCH, "").lower() != "off":
            try:
                self._companion = Companion.start(self.workspace, opened.journal.path)
            except OSError as error:
                _say(f"tracking: MLflow is not told while this stage runs ({error}); `foldproof sync` tells it")

    def _begin(self, opened: Opened) -> None:
        if opened.is_new:
            describe_run(self._scribe, self.params, self.schema, self.root, self.digest, self.attempt)
        earlier = opened.journal.earlier
        trained = picture_of(earlier).stages.get(TRAINING) == "finished"
        if self.stage != TRAINING and not trained and (self.root / LEAVES[TRAINING]).exists():
            restore(self._scribe, self.root, TRAINING, self.params.seed)
        for record in earlier:
            if record.kind == "metrics" and record.body["member"] and record.body["step"] is not None:
                values = {name: float(value) for name, value in record.body["values"].items()}
                self._curves.remember(Member(*record.body["member"]), record.body["step"], values)
        self._scribe.stage(self.stage, "started")
        self._scribe.tags({"foldproof.dvc_stage": os.environ.get("DVC_STAGE") or self.stage})

    def _take_leave(self, companion: Companion) -> None:
        missing = companion.finish()
        if missing:
            _say(missing)
        else:
            shutil.rmtree(files_of(companion.path), ignore_errors=True)

    def _attempt_to_write(self, write: Callable[[], None]) -> None:
        if self._lost:
            return
        try:
            write()
        except OSError as error:
            self._lost = str(error)
            _say(f"tracking: the journal cannot be written ({error}); this stage goes on without a record")


def _ending(error: BaseException | None) -> tuple[StageStatus, str]:
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "finished", ""
    if isinstance(error, KeyboardInterrupt):
        return "killed", "interrupted"
    return "failed", without_secrets(f"{type(error).__name__}: {error}"[:4000], os.environ)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
