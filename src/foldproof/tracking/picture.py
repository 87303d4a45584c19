"""From journal entries to what MLflow should hold: pure bookkeeping, nothing is sent here.

A point is known by run, metric and step: what comes twice, because a killed stage began anew, counts once, and the
first value stays.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from foldproof.tracking.journal import Record
from foldproof.tracking.names import legal_name

Key = tuple[int, int] | None  # (repeat, fold) of a member, None for the whole run
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
PARENT: Key = None
TRAINING = "train"
_STATUS: dict[str, Status] = {
    "started": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "killed": "KILLED",
}


@dataclass(frozen=True)
class Point:
    """One value of one metric."""

    name: str
    value: float
    step: int
    time: int  # milliseconds since 1970
    summary: bool  # has no series, so it also describes the model


@dataclass(frozen=True)
class Ending:
    """How a run stands, and since when (milliseconds since 1970)."""

    status: Status
    time: int


@dataclass
class Batch:
    """What is to be sent: entries of one portion of the journal, grouped by run."""

    points: dict[Key, list[Point]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    member_tags: dict[Key, dict[str, str]] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    opened: bool = False
    endings: dict[Literal["parent", "children"], Ending] = field(default_factory=dict)


@dataclass
class Picture:
    """A run as its journal tells it so far."""

    opening: dict[str, Any] = field(default_factory=dict)
    start: int = 0
    seeds: dict[Key, int] = field(default_factory=dict)  # of every member seen
    starts: dict[Key, int] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)  # name to started, finished, failed or killed
    last_stage: str = ""
    _seen: set[tuple[Key, str, int]] = field(default_factory=set)

    @property
    def unfinished(self) -> bool:
        """Whether the last stage has begun and not ended."""
        return self.stages.get(self.last_stage) == "started"

    def take(self, record: Record, batch: Batch) -> None:
        """Note an entry, and put what it asks for into `batch`."""
        body = record.body
        match record.kind:
            case "open":
                self.opening, self.start, batch.opened = body, record.time, True
                batch.tags |= body["tags"]
                batch.tags |= {f"environment.{name}": value for name, value in body["environment"].items()}
            case "input":
                batch.inputs.append(body)
            case "tags":
                batch.tags |= body
            case "member_tags":
                batch.member_tags.setdefault(self._key_of(record), {}).update(body["tags"])
            case "artifact":
                batch.artifacts.append(body)
            case "model":
                batch.models.append(body)
            case "metrics":
                self._metrics(record, batch)
            case "stage":
                self._stage(record, batch)

    def _metrics(self, record: Record, batch: Batch) -> None:
        key, step = self._key_of(record), record.body["step"]
        points = batch.points.setdefault(key, [])
        for name, value in record.body["values"].items():
            point = Point(legal_name(name), float(value), step or 0, record.time, summary=step is None)
            if (key, point.name, point.step) not in self._seen:
                self._seen.add((key, point.name, point.step))
                points.append(point)

    def _key_of(self, record: Record) -> Key:
        """Whom an entry is about; a member is noted where it is new."""
        member = record.body["member"]
        if member is None:
            return PARENT
        key: Key = (member[1], member[2])
        self.seeds.setdefault(key, member[0])
        self.starts.setdefault(key, record.time)
        return key

    def _stage(self, record: Record, batch: Batch) -> None:
        name, status = record.body["name"], record.body["status"]
        self.stages[name], self.last_stage = status, name
        batch.endings["parent"] = Ending(_STATUS[status], record.time)
        if name == TRAINING:
            batch.endings["children"] = batch.endings["parent"]
        batch.tags[f"foldproof.stage.{name}"] = status
        batch.tags["foldproof.error"] = record.body["message"] if status in ("failed", "killed") else ""


def picture_of(records: list[Record]) -> Picture:
    """The run that these records, from the first on, tell of."""
    picture = Picture()
    for record in records:
        picture.take(record, Batch())
    return picture
