"""How members are packed into populations, and where those run: rules, not timings, so that two runs agree.

The plan is recorded with the model; two plans differ in rounding, so replay and comparison use the recorded one.
"""

import os
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from foldproof.errors import ConfigError

LARGEST_POPULATION = 128
MANY_THREADS_FROM = 2**31  # multiply-adds a step and member below which one thread is the faster choice
WORKERS_FROM = 2**41  # multiply-adds of a whole training below which starting workers takes longer than they save

EngineName = Literal["in_process", "workers"]


@dataclass(frozen=True)
class Plan:
    """Which members (by index) train together, in what order, by which engine, on what."""

    populations: tuple[tuple[int, ...], ...]
    engine: EngineName
    device: Literal["cpu", "cuda", "mps"]
    precision: str
    threads: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the record."""
        return {**asdict(self), "populations": [list(members) for members in self.populations]}


@dataclass(frozen=True)
class Work:
    """How much there is to do: what the rules of a plan look at."""

    members: int
    parameters: int  # of a member
    batch_size: int
    row: int  # multiply-adds of one row's forward pass
    rows: int  # that one member meets in all epochs
    kinds: tuple[int, ...] = ()  # a number a member: those that differ in it cannot train together; none: all can

    @property
    def step(self) -> int:
        """Multiply-adds of one member's step of a dense network, forward."""
        return self.parameters * self.batch_size

    @property
    def total(self) -> int:
        """Multiply-adds of the training at its longest; the backward pass costs two forward ones."""
        return 3 * self.members * self.row * self.rows


def make_plan(
    work: Work,
    accelerator: Literal["auto", "cpu", "gpu"],
    precision: str,
    threads: int | Literal["auto"],
    largest: int | Literal["auto"],
    engine: EngineName | Literal["auto"] = "auto",
    cores: int | None = None,
) -> Plan:
    """Pack members in their order, and choose where they run.

    Args:
        work: how much there is to do.
        accelerator: `auto` takes a CUDA device where there is one, else the CPU.
        precision: recorded.
        threads: `auto` is 1 for small work, else one a core.
        largest: members a population; `auto` is all of them, up to 128.
        engine: `auto` takes workers for long trainings of many members on a CPU with several cores.
        cores: of this machine, found when not given.
    """
    device = _device(accelerator)
    if device == "cpu" and precision == "bf16":
        raise ConfigError("train.precision: found bf16, legal on a CPU: fp32 or fp64; bf16 is for GPUs")
    if device == "mps" and precision == "fp64":
        raise ConfigError(
            "train.precision: found fp64, legal on Apple's GPU: fp32 or bf16; or set train.accelerator: cpu"
        )
    if engine == "workers" and device != "cpu":
        raise ConfigError(f"train.engine: found workers, legal on {device}: in_process or auto; workers are for CPUs")
    cores = cores or os.cpu_count() or 1
    workers = min(cores, work.members)
    if engine == "in_process" or workers == 1 or (engine == "auto" and not _workers_pay(work, device, threads)):
        return Plan(_packed(work, 1, largest), "in_process", device, precision, _threads(threads, work, cores))
    return Plan(_packed(work, workers, largest), "workers", device, precision, 1)


def _workers_pay(work: Work, device: str, threads: int | Literal["auto"]) -> bool:
    return device == "cpu" and threads in ("auto", 1) and work.total >= WORKERS_FROM


def _packed(work: Work, parts: int, largest: int | Literal["auto"]) -> tuple[tuple[int, ...], ...]:
    """Neighbours of a kind together: at least so many parts, as equal as can be, none above the largest."""
    size = LARGEST_POPULATION if largest == "auto" else largest
    kinds = work.kinds or (0,) * work.members
    packed: list[tuple[int, ...]] = []
    for kind in dict.fromkeys(kinds):
        members = [index for index in range(work.members) if kinds[index] == kind]
        share = -(-parts * len(members) // work.members)
        count = max(share, -(-len(members) // size))
        borders = [len(members) * part // count for part in range(count + 1)]
        packed += [tuple(members[start:end]) for start, end in pairwise(borders)]
    return tuple(packed)


def _device(accelerator: Literal["auto", "cpu", "gpu"]) -> Literal["cpu", "cuda", "mps"]:
    import torch

    if accelerator != "cpu" and torch.cuda.is_available():
        return "cuda"
    if accelerator == "gpu":
        if torch.backends.mps.is_available():
            return "mps"
        raise ConfigError("train.accelerator: found gpu, but torch sees none; legal here: cpu or auto")
    return "cpu"


def _threads(threads: int | Literal["auto"], work: Work, cores: int) -> int:
    if threads != "auto":
        return threads
    return 1 if work.step < MANY_THREADS_FROM else cores
