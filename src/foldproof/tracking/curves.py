"""Learning curves for the record: each member's own, the mean over the members alive, what the best epochs gave."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from foldproof.data.splits import Member
from foldproof.tracking.layers_watched import NAMES, LookedAt, figures_of
from foldproof.training.events import EpochEnded, Event, FitStarted, LayersWatched, MemberStopped

# What takes the figures: (values, member or None for the mean over members, epoch or None for a figure without series).
Write = Callable[[Mapping[str, float], Member | None, int | None], None]

OF_STEPS = ("learning_rate", *NAMES)  # what a single step gave, which says nothing of an epoch's weights


@dataclass
class Curves:
    """Turns training's events into figures as they come.

    Where members are trained in several populations, one after another, an epoch's mean is known only when all of them
    are done, so the means wait for `close`. Of the looks at an epoch's steps the last is written, with the epoch.
    """

    write: Write
    _values: dict[Member, dict[int, dict[str, float]]] = field(default_factory=lambda: defaultdict(dict))
    _best: dict[Member, dict[str, float]] = field(default_factory=dict)
    _score: str = "score"
    _means_at_once: bool = True
    _looked_at: dict[Member, dict[str, float]] = field(default_factory=dict)  # last, since its last epoch's end

    def take(self, event: Event) -> None:
        """Note an event of `foldproof.training.events`."""
        if isinstance(event, FitStarted):
            self._score = event.score
            self._means_at_once = event.populations == 1
        elif isinstance(event, EpochEnded):
            self._epoch(event)
        elif isinstance(event, LayersWatched):
            self._looked_at |= {member: figures_of(event, place) for place, member in enumerate(event.members)}
        elif isinstance(event, MemberStopped):
            self.stopped(event.member, event.best_epoch, event.epoch + (event.reason != "diverged"))

    def remember(self, member: Member, epoch: int, values: Mapping[str, float]) -> None:
        """Figures that an earlier process of the same run wrote: needed for the best epochs, not written again."""
        self._values[member].setdefault(epoch, {}).update(values)

    def add(self, member: Member, epoch: int, values: Mapping[str, float]) -> None:
        """One member's figures of one epoch."""
        self._values[member][epoch] = dict(values)
        self.write(values, member, epoch)

    def stopped(self, member: Member, best_epoch: int, epochs: int) -> None:
        """A member is done after so many epochs: what its best epoch gave; nothing where it had none."""
        if best_epoch < 0:
            return
        found = self._values[member].get(best_epoch, {})
        best = {f"best_{name}": value for name, value in found.items() if name not in OF_STEPS}
        self._best[member] = best | {"best_epoch": float(best_epoch), "epochs": float(epochs)}
        self.write(self._best[member], member, None)

    def close(self) -> None:
        """Write the means over members that are still owed."""
        if not self._means_at_once:
            for epoch in sorted({epoch for rows in self._values.values() for epoch in rows}):
                self._mean([rows[epoch] for rows in self._values.values() if epoch in rows], epoch)
        if self._best:
            self._mean(self._best.values(), None)
            self._best = {}

    def _epoch(self, event: EpochEnded) -> None:
        columns = {
            "training_loss": event.training_loss,
            "inner_validation_loss": event.inner_validation_loss,
            f"inner_validation_{self._score}": event.inner_validation_score,
            "learning_rate": event.learning_rate,
        }
        for index, member in enumerate(event.members):
            figures = {name: column[index] for name, column in columns.items()}
            self.add(member, event.epoch, figures | self._looked_at.pop(member, {}))
        if self._means_at_once:
            self._mean([self._values[member][event.epoch] for member in event.members], event.epoch)

    def _mean(self, rows: Iterable[Mapping[str, float]], epoch: int | None) -> None:
        found: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            for name, value in row.items():
                found[name].append(value)
        means = {name: fmean(values) for name, values in found.items()}
        if epoch is not None:
            means["members_alive"] = float(max((len(values) for values in found.values()), default=0))
        self.write(means, None, epoch)


def replay(
    curves_csv: Path, looked_at: LookedAt, best_epochs: Mapping[tuple[int, int], int], seed: int, write: Write
) -> None:
    """Write the figures of `reports/curves.csv`, for a run whose training DVC took from its cache.

    Args:
        curves_csv: columns repeat, fold, epoch, and one a figure.
        looked_at: what the last look of each epoch said.
        best_epochs: (repeat, fold) to best epoch; where it is missing, the lowest inner-validation loss decides.
        seed: the members' seed, which the file does not repeat.
        write: what takes the figures.
    """
    import csv

    curves = Curves(write, _means_at_once=False)
    losses: dict[Member, dict[int, float]] = defaultdict(dict)
    with curves_csv.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            member = Member(seed, int(row.pop("repeat")), int(row.pop("fold")))
            epoch = int(row.pop("epoch"))
            values = {name: float(value) for name, value in row.items() if value != ""}
            curves.add(member, epoch, values | looked_at.get((member.repeat, member.fold, epoch), {}))
            losses[member][epoch] = values.get("inner_validation_loss", 0.0)
    for member, by_epoch in losses.items():
        lowest = min(by_epoch, key=lambda epoch: (by_epoch[epoch], epoch))
        curves.stopped(member, best_epochs.get((member.repeat, member.fold), lowest), max(by_epoch) + 1)
    curves.close()
