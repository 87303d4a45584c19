"""Block `train.optimizer`: which optimizer, and the settings of each."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, NonNegative, Positive, Rate, Share

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]


class Sgd(Closed):
    """Plain stochastic gradient descent. It has no settings."""


class Momentum(Closed):
    """`v = momentum * v + g; w -= lr * v`."""

    momentum: Rate = 0.9
    """share of the last step that is kept"""


class Nesterov(Closed):
    """The same with the gradient at the look-ahead point; without momentum it would be plain descent."""

    momentum: Share = 0.9
    """share of the last step that is kept"""


class Adam(Closed):
    """Adam and AdamW."""

    betas: Annotated[tuple[Rate, Rate], Field(strict=False)] = (0.9, 0.999)
    """decay of the running means of gradient and squared gradient"""
    epsilon: Positive = 1e-8
    """added to the root, lest one divide by 0"""


class Optimizer(Closed):
    """Which optimizer, its rate and decay, and a block for each one's own settings."""

    name: OptimizerName = "adam"
    """how a gradient becomes a step"""
    learning_rate: Positive | Auto = "auto"
    """auto when you name another optimizer: sgd 0.1, momentum, nesterov 0.02, adam(w) 0.001"""
    weight_decay: NonNegative = 0.0
    """of weights only; coupled (L2), with adamw decoupled"""
    sgd: Sgd = Sgd()
    momentum: Momentum = Momentum()
    nesterov: Nesterov = Nesterov()
    adam: Adam = Adam()
    adamw: Adam = Adam()
