"""Tells a fit's events: to the log that a resumed fit and another process read, then to the sinks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from foldproof.data.splits import Member
from foldproof.training.descent import Descent
from foldproof.training.events import EpochEnded, Event, LayersWatched, MemberStopped, Sink
from foldproof.training.kept import Kept
from foldproof.training.resume import Trail
from foldproof.training.watch import Look


class Teller:
    """Makes plain values of what is known after an epoch; members come as place in the tensors -> index of all."""

    def __init__(self, members: Sequence[Member], sinks: Sequence[Sink], trail: Trail | None) -> None:
        self._members = members
        self._sinks = sinks
        self._trail = trail

    def looks(self, looks: Iterable[Look], trained: Mapping[int, int], epoch: int) -> None:
        """What was seen in some steps of the epoch, of the members that trained in it."""

        def figures(values: Tensor) -> tuple[float, ...]:
            every = values.tolist()
            return tuple(every[place] for place in trained)

        def by_layer(values: Mapping[str, Tensor]) -> dict[str, tuple[float, ...]]:
            return {layer: figures(one) for layer, one in values.items()}

        for look in looks:
            self._tell(
                LayersWatched(
                    epoch,
                    look.step,
                    self._named(trained),
                    figures(look.loss),
                    figures(look.gradient_norm),
                    figures(look.learning_rate),
                    by_layer(look.update_ratio),
                    by_layer(look.dead),
                    by_layer(look.saturated),
                )
            )

    def epoch(
        self,
        descent: Descent,
        ended: Mapping[int, int],
        epoch: int,
        losses: Tensor,
        scores: Sequence[float],
        running: int,
    ) -> None:
        """The epoch's figures of those who got through it; nothing where nobody did."""
        if not ended:
            return
        training, rates = descent.losses.means(), descent.optimizer.last_learning_rates().cpu().tolist()
        self._tell(
            EpochEnded(
                epoch,
                self._named(ended),
                tuple(float(training[place]) for place in ended),
                tuple(float(losses[place]) for place in ended),
                tuple(scores[place] for place in ended),
                tuple(float(rates[place]) for place in ended),
                running,
            )
        )

    def stopped(self, kept: Kept, indices: Iterable[int], epoch: int) -> None:
        """Who is done after this epoch, and why."""
        for index in indices:
            reason: Any = kept.stopped[index]
            self._tell(MemberStopped(self._members[index], epoch, kept.best_epoch[index], reason, kept.told[index]))

    def _named(self, members: Mapping[int, int]) -> tuple[Member, ...]:
        return tuple(self._members[index] for index in members.values())

    def _tell(self, event: Event) -> None:
        if self._trail is not None:
            self._trail.take(event)
        for sink in self._sinks:
            sink(event)
