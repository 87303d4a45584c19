"""Section `train`: loss, optimizer, learning-rate schedule, stopping, and where the arithmetic is done."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.averaging import Averaging
from foldproof.config.closed import Auto, BatchSize, Closed, Count, NonNegative, Positive, Rate
from foldproof.config.loss import ClassWeights, Loss
from foldproof.config.optimizer import Optimizer
from foldproof.config.penalty import Penalty
from foldproof.config.schedule import Schedule


class EarlyStopping(Closed):
    """When a member stops: its inner-validation loss has not improved for `patience` epochs."""

    patience: Count = 20
    """stop a member after so many epochs without a better inner-validation loss"""
    minimum_improvement: NonNegative = 0.0
    """how much lower counts as better, in units of the loss"""


class Train(Closed):
    """How a member is trained."""

    epochs: Count = 60
    """at most so many passes over the training rows"""
    batch_size: BatchSize = 32
    """rows a step, at most those of the smallest training set; full: all rows of a member, one step an epoch"""
    loss: Loss = Loss()
    class_weights: ClassWeights = "none"
    """balanced: rows of rare classes count more in the loss, in training and in stopping early"""
    target_weights: dict[str, NonNegative] = Field(default={})
    """of several targets: how much the loss of each counts, by the target's name; 1 where none is given"""
    label_smoothing: Rate = 0.0
    """this share of a class's probability is spread over all; 0.05 to 0.1 calms"""
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    penalty: Penalty = Penalty()
    max_norm: Positive | None = None
    """after each step every unit's incoming weights are scaled back to at most this norm; null: off"""
    early_stopping: EarlyStopping = EarlyStopping()
    averaging: Averaging = Averaging()
    gradient_clip_norm: Positive | None = None
    """largest norm of a member's gradient; null: no clipping"""
    gradient_clip_value: Positive | None = None
    """largest size of each element of the gradient, before its norm is clipped; null: no clipping"""
    divergence_factor: Annotated[float, Field(gt=1)] = 3.0
    """stop a member when an epoch's loss is over so many times the loss before the first step"""
    watch_every: Annotated[int, Field(ge=0)] = 100
    """look at gradients, updates and layers every so many steps; 0: never; it changes nothing of what is trained"""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """auto: a CUDA GPU where there is one"""
    precision: Literal["fp32", "bf16", "fp64"] = "fp32"
    """bf16: faster on a recent GPU; fp64: for proofs"""
    threads: Count | Auto = "auto"
    """CPU threads; auto: 1 for small networks, which more would slow down, else one a core"""
    population: Count | Auto = "auto"
    """members trained at once; auto: all, up to 128; lower it when memory runs out"""
    engine: Literal["in_process", "workers"] | Auto = "auto"
    """workers: one process a core, for long trainings on a CPU"""
