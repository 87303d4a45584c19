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
    batch_norm: bool = True


class Cnn(Closed):
    """Convolutions, each pooled, then one fully connected layer."""

    channels: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (48, 96)
    kernel: Literal[1, 3, 5, 7, 9, 11, 13, 15] = 3  # odd, so that the padding is even
    pooling: Literal["max", "average", "none"] = "max"
    hidden: Annotated[int, Field(ge=0)] = 128
    batch_norm: bool = True


class Linear(Closed):
    """One linear layer: logistic or linear regression. It has no settings."""


class Model(Closed):
    """Which network, and what its layers share."""

    name: NetworkName = "cnn"
    activation: ActivationName = "relu"
    initializer: InitializerName | Auto = "auto"
    dropout: Rate = 0.5
    linear: Linear = Linear()
    mlp: Mlp = Mlp()
    cnn: Cnn = Cnn()
