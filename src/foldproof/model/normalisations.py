"""Normalisations: a table `name -> constructor` of the layer between an affine map and its activation.

All have a learnt scale and shift a unit or channel, `y = scale * (x - mean) / sqrt(variance + 1e-5) + shift`, and
differ in what mean and variance are taken over. A layer has no bias where one follows, which brings its own shift.
"""

from collections.abc import Callable

from torch import nn

from foldproof.config.model import Group
from foldproof.config.networks import NormalisationName
from foldproof.errors import ConfigError

Make = Callable[[int, int | None, Group], list[nn.Module]]


def batch(units: int, pixels: int | None, block: Group) -> list[nn.Module]:  # noqa: ARG001  (every row takes all)
    """Over the batch, and over pixels (Ioffe & Szegedy 2015); over running averages when evaluating."""
    return [nn.BatchNorm1d(units) if pixels is None else nn.BatchNorm2d(units)]


def layer(units: int, pixels: int | None, block: Group) -> list[nn.Module]:  # noqa: ARG001
    """Over the units of a row (Ba et al. 2016), for images over all channels and pixels of a row."""
    _refuse_single(units, pixels, "layer")
    return [nn.GroupNorm(1, units)]


def group(units: int, pixels: int | None, block: Group) -> list[nn.Module]:
    """Over each group of a row's units, or of its channels with their pixels (Wu & He 2018).

    Raises ConfigError where the groups do not divide the units, or a group is a single number.
    """
    _refuse_single(units, pixels, "group")
    legal = [one for one in range(1, units + 1) if units % one == 0 and units // one * (pixels or 1) > 1]
    if block.groups not in legal:
        raise ConfigError(
            f"model.group.groups: found {block.groups}, legal for a layer of {units} "
            f"{'units' if pixels is None else 'channels'}: {', '.join(map(str, legal))}"
        )
    return [nn.GroupNorm(block.groups, units)]


def none(units: int, pixels: int | None, block: Group) -> list[nn.Module]:  # noqa: ARG001
    """No normalisation."""
    return []


def _refuse_single(units: int, pixels: int | None, name: NormalisationName) -> None:
    if units * (pixels or 1) == 1:
        raise ConfigError(
            f"model.normalisation: found {name} for a layer of one unit, which would always be 0, legal: batch, none "
            "or at least two units"
        )


NORMALISATIONS: dict[NormalisationName, Make] = {"batch": batch, "layer": layer, "group": group, "none": none}
