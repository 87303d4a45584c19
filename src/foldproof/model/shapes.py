"""The arithmetic of maps: what a filter or a window leaves of a side, and what fits where it leaves a fraction."""

from dataclasses import dataclass
from itertools import product

from foldproof.config.networks import ConvolutionLayer
from foldproof.errors import ConfigError

SUGGESTED = 3  # settings that are named when one does not fit


@dataclass(frozen=True)
class Filter:
    """Side, stride and padding of a filter, in pixels."""

    kernel: int
    stride: int
    padding: int

    def side(self, size: int) -> float:
        """`(H + 2P - F) / S + 1` places along a side of H pixels; only a whole number >= 1 fits."""
        return (size + 2 * self.padding - self.kernel) / self.stride + 1

    def fits(self, height: int, width: int) -> bool:
        """Whether it does along both sides."""
        return all(side >= 1 and side.is_integer() for side in (self.side(height), self.side(width)))

    def __str__(self) -> str:
        return f"kernel {self.kernel}, stride {self.stride}, padding {self.padding}"


def convolved(layer: ConvolutionLayer, height: int, width: int, where: str) -> tuple[Filter, int, int]:
    """The layer's filter and the sides of its maps; raises ConfigError, naming what would fit, where they are broken.

    A 5x5 filter at stride 1 without padding makes a map of 32x32 one of 28x28.
    """
    if layer.padding == "same" and layer.kernel % 2 == 0:
        legal = f"an odd kernel ({layer.kernel - 1}, {layer.kernel + 1}), or padding as a number"
        raise ConfigError(f"{where}: found kernel {layer.kernel} with padding same, legal: {legal}")
    chosen = Filter(layer.kernel, layer.stride, layer.kernel // 2 if layer.padding == "same" else layer.padding)
    if chosen.fits(height, width):
        return chosen, int(chosen.side(height)), int(chosen.side(width))
    side = next(size for size in (height, width) if not chosen.fits(size, size))
    raise ConfigError(
        f"{where}: found {chosen} on maps of {height}x{width}: ({side} + 2*{chosen.padding} - {chosen.kernel}) / "
        f"{chosen.stride} + 1 = {chosen.side(side):.4g}, legal: a whole number >= 1, as with "
        + "; or ".join(map(str, _nearest(chosen, height, width)))
    )


def pooled(window: int, height: int, width: int, where: str) -> tuple[int, int]:
    """The sides that a window of this side and stride leaves; raises ConfigError where it does not divide the map."""
    if height % window == 0 and width % window == 0:
        return height // window, width // window
    legal = [side for side in range(1, min(height, width) + 1) if height % side == 0 and width % side == 0]
    raise ConfigError(
        f"{where}: would pool a map of {height}x{width} by {window}, which leaves a row or column over; legal: windows "
        f"of {', '.join(map(str, legal))} (1 is none), fewer layers, pooling: none, or images whose sides divide"
    )


def _nearest(chosen: Filter, height: int, width: int) -> list[Filter]:
    """The filters that fit and differ least from the chosen one."""
    sides = range(1, min(height, width) + 1)
    others = product(sides, range(1, chosen.stride + 1), range(chosen.padding + 2))
    fitting = [other for one in others if (other := Filter(*one)).fits(height, width) and other.padding < other.kernel]
    return sorted(fitting, key=lambda other: _distance(other, chosen))[:SUGGESTED]


def _distance(one: Filter, other: Filter) -> tuple[int, int]:
    """How many settings differ, then by how much."""
    steps = [abs(getattr(one, name) - getattr(other, name)) for name in ("padding", "kernel", "stride")]
    return sum(step > 0 for step in steps), sum(steps)
