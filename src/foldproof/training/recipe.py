"""How members are trained, as plain values: what a fit takes besides the population and its rows."""

from dataclasses import dataclass

from foldproof.config.schedule import ReduceOnPlateau
from foldproof.training.averaging import AveragingRow
from foldproof.training.objective import Objective
from foldproof.training.snapshots import Cycles


@dataclass(frozen=True)
class Recipe:
    """How every member is trained; what differs between members is in the population's settings."""

    objective: Objective
    score: str  # a metric of the first target
    reduction: ReduceOnPlateau | None
    epochs: int
    patience: int
    minimum_improvement: float
    divergence_factor: float
    averaging: AveragingRow | None
    averages_from: int  # epoch
    cycles: Cycles | None
    watch_every: int  # steps; 0: never
