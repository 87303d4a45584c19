"""Block `train.optimizer`: which optimizer, and the settings of each."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Positive, Rate, Share

OptimizerName = Literal[
    "gradient_descent",
    "sgd",
    "momentum",
    "nesterov",
    "adagrad",
    "adadelta",
    "rmsprop",
    "adam",
    "adamw",
    "nadam",
    "nadamw",
    "radam",
    "amsgrad",
    "lbfgs",
    "sparse_adam",
]


class Sgd(Closed):
    """Plain descent, on all rows or on batches. It has no settings."""


class Momentum(Closed):
    """`v = momentum * v + g; w -= lr * v`."""

    momentum: Rate = 0.9
    """share of the last step that is kept"""


class Nesterov(Closed):
    """The same with the gradient at the look-ahead point; without momentum it would be plain descent."""

    momentum: Share = 0.9
    """share of the last step that is kept"""


class Adagrad(Closed):
    """Each weight's rate falls with the sum of its squared gradients."""

    epsilon: Positive = 1e-10
    """added to the root, lest one divide by 0"""


class Adadelta(Closed):
    """Steps as long as the last ones were; the learning rate is a factor on them, customarily 1."""

    decay: Rate = 0.9
    """of the running means of squared gradient and squared step"""
    epsilon: Positive = 1e-6
    """added below both roots; it sets the length of the first steps"""


class Rmsprop(Closed):
    """AdaGrad with a running mean in place of the sum."""

    decay: Rate = 0.9
    """of the running mean of the squared gradient; 0.9, 0.99 and 0.999 are usual"""
    epsilon: Positive = 1e-8
    """added to the root, lest one divide by 0"""


class Adam(Closed):
    """Adam and its kin."""

    betas: Annotated[tuple[Rate, Rate], Field(strict=False)] = (0.9, 0.999)
    """decay of the running means of gradient and squared gradient"""
    epsilon: Positive = 1e-8
    """added to the root, lest one divide by 0"""


class Nadam(Adam):
    """Adam with Nesterov's momentum."""

    momentum_decay: NonNegative = 0.004
    """how fast the momentum grows to the first of the betas"""


class Lbfgs(Closed):
    """Quasi-Newton steps on all rows, their length found by a line search; dropout and augmentation disturb it."""

    iterations: Count = 1
    """directions searched a step, and so an epoch"""
    history: Count = 10
    """steps back from which the curvature is told"""


class Optimizer(Closed):
    """Which optimizer, its rate and decay, and a block for each one's own settings."""

    name: OptimizerName = "adam"
    """how a gradient becomes a step; gradient_descent and lbfgs need batch_size full, sparse_adam embeddings"""
    learning_rate: Positive | Auto = "auto"
    """auto: what is customary for the one named: 0.001 where a step is divided by a root of squared gradients"""
    weight_decay: NonNegative = 0.0
    """of weights only; coupled (L2), with adamw and nadamw decoupled, with lbfgs the same as penalty.l2"""
    head_rate_factor: Positive = 1.0
    """times the learning rate, for the output layer"""
    gradient_descent: Sgd = Sgd()
    sgd: Sgd = Sgd()
    momentum: Momentum = Momentum()
    nesterov: Nesterov = Nesterov()
    adagrad: Adagrad = Adagrad()
    adadelta: Adadelta = Adadelta()
    rmsprop: Rmsprop = Rmsprop()
    adam: Adam = Adam()
    adamw: Adam = Adam()
    nadam: Nadam = Nadam()
    nadamw: Nadam = Nadam()
    radam: Adam = Adam()
    amsgrad: Adam = Adam()
    lbfgs: Lbfgs = Lbfgs()
    sparse_adam: Adam = Adam()
