"""Section `train`: optimizer, learning-rate schedule, stopping, and where the arithmetic is done."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Positive, Rate, Share

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "exponential", "inverse_time"]
LossName = Literal["cross_entropy", "mse"]


class Sgd(Closed):
    """Plain stochastic gradient descent. It has no settings."""


class Momentum(Closed):
    """`v = momentum * v + g; w -= lr * v`."""

    momentum: Rate = 0.9


class Nesterov(Closed):
    """The same with the gradient at the look-ahead point; without momentum it would be plain descent."""

    momentum: Share = 0.9


class Adam(Closed):
    """Adam and AdamW."""

    betas: Annotated[tuple[Rate, Rate], Field(strict=False)] = (0.9, 0.999)
    epsilon: Positive = 1e-8


class Optimizer(Closed):
    """Which optimizer, its rate and decay, and a block for each one's own settings."""

    name: OptimizerName = "adam"
    learning_rate: Positive | Auto = "auto"
    weight_decay: NonNegative = 0.0
    sgd: Sgd = Sgd()
    momentum: Momentum = Momentum()
    nesterov: Nesterov = Nesterov()
    adam: Adam = Adam()
    adamw: Adam = Adam()


class Constant(Closed):
    """The rate stays. It has no settings."""


class StepDecay(Closed):
    """Multiply by `factor` every `every_epochs` epochs."""

    every_epochs: Count = 20
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5


class Exponential(Closed):
    """`lr * exp(-decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.08


class InverseTime(Closed):
    """`lr / (1 + decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.05


class Schedule(Closed):
    """How the learning rate falls."""

    name: ScheduleName = "constant"
    constant: Constant = Constant()
    step: StepDecay = StepDecay()
    exponential: Exponential = Exponential()
    inverse_time: InverseTime = InverseTime()


class EarlyStopping(Closed):
    """When a member stops: its inner-validation loss has not improved for `patience` epochs."""

    patience: Count = 20
    minimum_improvement: NonNegative = 0.0


class Train(Closed):
    """How a member is trained."""

    epochs: Count = 60
    batch_size: Count = 32
    loss: LossName | Auto = "auto"
    label_smoothing: Rate = 0.0
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    early_stopping: EarlyStopping = EarlyStopping()
    gradient_clip_norm: Positive | None = None
    divergence_factor: Annotated[float, Field(gt=1)] = 3.0
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["fp32", "bf16", "fp64"] = "fp32"
    threads: Count | Auto = "auto"
    population: Count | Auto = "auto"
    engine: Literal["in_process", "workers"] | Auto = "auto"
