"""Blocks of section `model`: one for each network, and the layers of those that are given as a list."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Closed, Count, Rate

NormalisationName = Literal["batch", "layer", "group", "none"]


class Linear(Closed):
    """One linear layer: logistic or linear regression. It has no settings."""


class DenseLayer(Closed):
    """One fully connected layer of `model.mlp.layers`."""

    units: Count
    """units of the layer"""
    normalisation: NormalisationName | None = None
    """null: model.normalisation"""
    dropout: Rate | None = None
    """null: model.dropout"""


class Mlp(Closed):
    """A fully connected network."""

    hidden: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (128, 128)
    """units of each hidden layer"""
    layers: Annotated[tuple[DenseLayer, ...], Field(min_length=1, strict=False)] | None = None
    """the hidden layers one by one, in place of `hidden`"""


class ConvolutionLayer(Closed):
    """One layer of `model.cnn.layers`; its maps have sides `(H + 2 padding - kernel) / stride + 1`, a whole number."""

    channels: Count
    """filters of the layer"""
    kernel: Count = 3
    """side of the filters in pixels"""
    stride: Count = 1
    """pixels from one place of a filter to the next"""
    padding: Literal["same"] | Annotated[int, Field(ge=0)] = "same"
    """zeros around the map; same: (kernel - 1) / 2 of them, which keeps its sides at stride 1"""
    pool: Count = 1
    """side and stride of the pooling window, which must divide the map (model.cnn.pooling says how); 1: none"""
    normalisation: NormalisationName | None = None
    """null: model.normalisation"""
    dropout: Rate | None = None
    """null: model.dropout where model.dropout_kind is spatial, else 0"""


class Cnn(Closed):
    """Convolutions, each pooled, then one fully connected layer."""

    channels: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (48, 96)
    """filters of each convolution; each one is pooled by 2, so the sides must divide"""
    kernel: Literal[1, 3, 5, 7, 9, 11, 13, 15] = 3  # odd, so that the padding is even
    """side of the filters in pixels"""
    pooling: Literal["max", "average", "none"] = "max"
    """how each map is halved"""
    layers: Annotated[tuple[ConvolutionLayer, ...], Field(min_length=1, strict=False)] | None = None
    """the convolutions one by one, in place of `channels` and `kernel`"""
    hidden: Annotated[int, Field(ge=0)] = 128
    """units of the layer after the convolutions; 0: the mean over pixels instead"""


class Residual(Closed):
    """Residual blocks in stages, then the mean over pixels."""

    channels: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = (16, 32, 64)
    """filters of each stage; each stage but the first halves the sides of the maps"""
    blocks: Count = 2
    """residual blocks a stage, of two 3x3 convolutions each"""
    stochastic_depth: Rate = 0.0
    """chance that a row skips the last block in training; earlier blocks have less, in proportion to their depth"""
