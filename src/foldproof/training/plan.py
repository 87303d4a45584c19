"""How members are packed into populations, and where those run: rules, not timings, so that two runs agree.

The plan is recorded with the model; two plans differ in rounding, so replay and comparison use the recorded one.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from foldproof.errors import ConfigError

LARGEST_POPULATION = 128
MANY_THREADS_FROM = 2**31  # multiply-adds a step and member below which one thread is the faster choice


@dataclass(frozen=True)
class Plan:
    """Which members (by index) train together, in what order, by which engine, on what."""

    populations: tuple[tuple[int, ...], ...]
    engine: Literal["in_process"]
    device: Literal["cpu", "cuda", "mps"]
    precision: str
    threads: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the record."""
        return {**asdict(self), "populations": [list(members) for members in self.populations]}


def make_plan(
    members: int,
    work: int,
    accelerator: Literal["auto", "cpu", "gpu"],
    precision: str,
    threads: int | Literal["auto"],
    largest: int | Literal["auto"],
) -> Plan:
    """Pack members in their order.

    Args:
        members: how many.
        work: parameters of a member times its batch size, the multiply-adds of one step of a dense network.
        accelerator: `auto` takes a CUDA device where there is one, else the CPU.
        precision: recorded.
        threads: `auto` is 1 for small work, else one a core.
        largest: members a population; `auto` is all of them, up to 128.
    """
    size = LARGEST_POPULATION if largest == "auto" else largest
    populations = tuple(tuple(range(start, min(start + size, members))) for start in range(0, members, size))
    device = _device(accelerator)
    if device == "cpu" and precision == "bf16":
        raise ConfigError("train.precision: found bf16, legal on a CPU: fp32 or fp64; bf16 is for GPUs")
    if device == "mps" and precision == "fp64":
        raise ConfigError(
            "train.precision: found fp64, legal on Apple's GPU: fp32 or bf16; or set train.accelerator: cpu"
        )
    return Plan(populations, "in_process", device, precision, _threads(threads, work))


def _device(accelerator: Literal["auto", "cpu", "gpu"]) -> Literal["cpu", "cuda", "mps"]:
    import torch

    if accelerator != "cpu" and torch.cuda.is_available():
        return "cuda"
    if accelerator == "gpu":
        if torch.backends.mps.is_available():
            return "mps"
        raise ConfigError("train.accelerator: found gpu, but torch sees none; legal here: cpu or auto")
    return "cpu"


def _threads(threads: int | Literal["auto"], work: int) -> int:
    import os

    if threads != "auto":
        return threads
    return 1 if work < MANY_THREADS_FROM else os.cpu_count() or 1
