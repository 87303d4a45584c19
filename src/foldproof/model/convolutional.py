"""Networks for images: a chain of convolutions, and residual blocks."""

from math import prod

from torch import nn

from foldproof.config.networks import Cnn, ConvolutionLayer, DenseLayer, Residual
from foldproof.errors import ConfigError
from foldproof.model import shapes
from foldproof.model.dropout import DropoutKind, StochasticDepth
from foldproof.model.layers import Mean2d, ResidualBlock
from foldproof.model.parts import Parts, dense

Maps = tuple[int, int, int]  # channels, height, width
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


def cnn(shape: tuple[int, ...], outputs: int, parts: Parts, block: Cnn) -> nn.Module:
    """`[B, C, H, W] -> [B, outputs]`: convolutions, each pooled, then a hidden layer.

    With `hidden: 0` the mean over pixels goes straight to the outputs.
    """
    maps = _maps(shape, "cnn")
    chain: list[nn.Module] = []
    for index, layer in enumerate(_layers_of(block)):
        made, maps = _convolution(maps, layer, block.pooling, parts, index)
        chain += made
    if not block.hidden:
        return nn.Sequential(*chain, *_mean_head(maps[0], outputs, parts))
    hidden = dense(prod(maps), DenseLayer(units=block.hidden), parts, "dropout")
    return nn.Sequential(*chain, nn.Flatten(), *hidden, nn.Linear(block.hidden, outputs))


def residual(shape: tuple[int, ...], outputs: int, parts: Parts, block: Residual) -> nn.Module:
    """`[B, C, H, W] -> [B, outputs]`: pre-activated residual blocks (He et al. 2016b), then the mean over pixels.

    A block adds `conv(act(norm(conv(act(norm(x))))))` to its shortcut, which is x itself, or a 1x1 convolution of x
    where a stage begins with other channels or a stride of 2 (sides are halved, rounded up). Of L blocks the l-th is
    skipped with probability `l / L * stochastic_depth`.
    """
    if parts.activation.pieces > 1:
        raise ConfigError(
            "model.activation: found maxout, legal with model.name residual: any other; its blocks begin with an "
            "activation, which has no affine layer of its own before it"
        )
    channels, height, width = _maps(shape, "residual")
    bias = parts.normalisation == "none"
    chain: list[nn.Module] = [nn.Conv2d(channels, block.channels[0], 3, padding=1, bias=bias)]
    channels, count = block.channels[0], len(block.channels) * block.blocks
    for index in range(count):
        stage, first = index // block.blocks, index % block.blocks == 0
        stride = 2 if first and stage else 1
        rate = block.stochastic_depth * (index + 1) / count
        made = _block((channels, height, width), block.channels[stage], stride, rate, parts, index)
        chain.append(made)
        channels, height, width = block.channels[stage], -(-height // stride), -(-width // stride)
    ending = [*parts.normalised(channels, height * width), parts.activation.module(channels)]
    return nn.Sequential(*chain, *ending, *_mean_head(channels, outputs, parts))


def _layers_of(block: Cnn) -> tuple[ConvolutionLayer, ...]:
    """The list form of a block."""
    pool = 1 if block.pooling == "none" else 2
    simple = tuple(ConvolutionLayer(channels=one, kernel=block.kernel, pool=pool) for one in block.channels)
    return block.layers or simple


def _convolution(
    maps: Maps, layer: ConvolutionLayer, pooling: str, parts: Parts, index: int
) -> tuple[list[nn.Module], Maps]:
    """The modules of one layer: affine, normalisation, activation, pooling, dropout; and the maps that it leaves."""
    where = f"model.cnn: layer {index}"
    channels, height, width = maps
    kernel, height, width = shapes.convolved(layer, height, width, where)
    filters = layer.channels * parts.activation.pieces
    norm = parts.normalised(filters, height * width, layer.normalisation)
    made = nn.Conv2d(channels, filters, kernel.kernel, kernel.stride, kernel.padding, bias=not norm)
    rate = parts.dropout_of_maps if layer.dropout is None else layer.dropout
    kind, place = parts.kind if rate else DropoutKind(), f"dropout of maps {index}"
    chain = [kind.around(made, rate, place), *norm, parts.activation.module(layer.channels)]
    if layer.pool > 1:
        if pooling not in POOLINGS:
            raise ConfigError(
                f"{where}: found pool {layer.pool} with pooling none, legal: pool 1, or pooling max, average"
            )
        height, width = shapes.pooled(layer.pool, height, width, where)
        chain.append(POOLINGS[pooling](layer.pool))
    return [*chain, *kind.after(rate, place)], (layer.channels, height, width)


def _block(maps: Maps, filters: int, stride: int, rate: float, parts: Parts, index: int) -> ResidualBlock:
    """One residual block; where a normalisation follows no convolution has a bias."""
    channels, height, width = maps
    before = parts.normalised(channels, height * width)
    between = parts.normalised(filters, -(-height // stride) * -(-width // stride))
    bias = not before
    kind = parts.kind if parts.dropout_of_maps else DropoutKind()
    skipped = [StochasticDepth(rate, f"depth of block {index}")] if rate else []
    branch = nn.Sequential(
        *before,
        parts.activation.module(channels),
        nn.Conv2d(channels, filters, 3, stride, 1, bias=bias),
        *between,
        parts.activation.module(filters),
        *kind.after(parts.dropout, f"dropout of block {index}"),
        nn.Conv2d(filters, filters, 3, 1, 1, bias=bias),
        *skipped,
    )
    same = stride == 1 and channels == filters
    shortcut = nn.Identity() if same else nn.Conv2d(channels, filters, 1, stride, bias=bias)
    return ResidualBlock(shortcut, branch)


def _mean_head(channels: int, outputs: int, parts: Parts) -> list[nn.Module]:
    """`[B, C, H, W] -> [B, outputs]` through the mean over pixels."""
    head = parts.kind.around(nn.Linear(channels, outputs), parts.dropout, "dropout")
    return [Mean2d(), *parts.kind.after(parts.dropout, "dropout"), head]


def _maps(shape: tuple[int, ...], name: str) -> Maps:
    if len(shape) != 3:
        raise ConfigError(
            f"model.name: found {name}, legal: mlp or linear for inputs of shape {shape}; {name} needs images, "
            "which preprocess.pca and preprocess.whiten: pca make flat"
        )
    channels, height, width = shape
    return channels, height, width
