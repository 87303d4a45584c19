"""Section `model`: the network."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Count, Rate

NetworkName = Literal["linear", "mlp", "cnn"]
ActivationName = Literal["relu", "tanh", "sigmoid"]
InitializerName = Literal["he", "glorot", "lecun"]


class Mlp(Closed):
    """A fully connected network."""

    hidden: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (128, 128)
    """units of each hidden layer"""
    batch_norm: bool = True
    """normalise each layer over the batch"""


class Cnn(Closed):
    """Convolutions, each pooled, then one fully connected layer."""

    channels: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (48, 96)
    """filters of each convolution; each one is pooled by 2, so the sides must divide"""
    kernel: Literal[1, 3, 5, 7, 9, 11, 13, 15] = 3  # odd, so that the padding is even
    """side of the filters in pixels"""
    pooling: Literal["max", "average", "none"] = "max"
    """how each map is halved"""
    hidden: Annotated[int, Field(ge=0)] = 128
    """units of the layer after the convolutions; 0: the mean over pixels instead"""
    batch_norm: bool = True
    """normalise each layer over the batch"""


class Linear(Closed):
    """One linear layer: logistic or linear regression. It has no settings."""


class Model(Closed):
    """Which network, and what its layers share."""

    name: NetworkName = "cnn"
    """the network; cnn needs images"""
    activation: ActivationName = "relu"
    """after every hidden layer"""
    initializer: InitializerName | Auto = "auto"
    """auto: he for relu, glorot else"""
    dropout: Rate = 0.5
    """share of hidden units dropped in training; 0.2 to 0.5 against overfitting"""
    linear: Linear = Linear()
    mlp: Mlp = Mlp()
    cnn: Cnn = Cnn()
