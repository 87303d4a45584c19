"""Layers that torch does not have."""

from torch import Tensor, nn


class Mean2d(nn.Module):
    """Mean over pixels `[B, C, H, W] -> [B, C]`; unlike adaptive pooling its backward is deterministic on CUDA."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Average the two last axes."""
        return inputs.mean(dim=(2, 3))


class Maxout(nn.Module):
    """The largest of each `pieces` neighbours, `[B, C * pieces, ...] -> [B, C, ...]` (Goodfellow et al. 2013)."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, inputs: Tensor) -> Tensor:
        """Where several are the largest, they share the gradient."""
        outputs: Tensor = inputs.unflatten(1, (-1, self.pieces)).amax(2)
        return outputs


class ResidualBlock(nn.Module):
    """`shortcut(x) + branch(x)` (He et al. 2016)."""

    def __init__(self, shortcut: nn.Module, branch: nn.Module) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.branch = branch

    def forward(self, inputs: Tensor) -> Tensor:
        """Both paths of `inputs` `[B, ...]`, added up."""
        outputs: Tensor = self.shortcut(inputs) + self.branch(inputs)
        return outputs
