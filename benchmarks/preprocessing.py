"""How the rivals normalise and augment: before training where nothing is drawn, else in the network's first layer.

Center and scale of each channel come from the training rows of the fold alone, as in the shipped params.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.work import Assignment, Work


def prepared(work: Work, one: Assignment) -> tuple[nn.Module, Tensor]:
    """The network to train and the rows `[N, C, H, W]` to give it.

    Without augmentation all rows are normalised here, which costs a step nothing. With it they cannot be: what a
    shift brings in from outside is a raw 0, so shifting comes first.
    """
    network = one.network.to(work.device)
    center, scale = channel_statistics(work.features[one.training])
    if not work.shift:
        return network, (work.features - center) / scale
    shape = work.features.shape[1:]
    return AugmentedNetwork(network, center.cpu(), scale.cpu(), shape, work.shift).to(work.device), work.features


def channel_statistics(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of `[n, C, H, W]`, each `[C, 1, 1]`."""
    deviation, mean = torch.std_mean(rows, dim=(0, 2, 3), correction=0)
    return mean.reshape(-1, 1, 1), deviation.reshape(-1, 1, 1)


class AugmentedNetwork(nn.Module):
    """Shifts (in training), normalises with one fused multiply-add, and hands on to the network."""

    factor: Tensor
    offset: Tensor
    grid: Tensor
    reach: Tensor

    def __init__(self, network: nn.Module, center: Tensor, scale: Tensor, shape: torch.Size, shift: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("factor", 1 / scale)
        self.register_buffer("offset", -center / scale)
        self.register_buffer("grid", unmoved_grid(shape))
        self.register_buffer("reach", 2 * shift / torch.tensor([shape[2], shape[1]]))

    def forward(self, rows: Tensor) -> Tensor:
        """Logits `[B, classes]` of raw rows `[B, C, H, W]`."""
        if self.training:
            rows = randomly_shifted(rows, self.grid, self.reach)
        logits: Tensor = self.network(torch.addcmul(self.offset, rows, self.factor))
        return logits


def unmoved_grid(shape: torch.Size) -> Tensor:
    """Where each pixel of images `[C, H, W]` lies, `[1, H, W, 2]`, from -1 to 1; made once, as it never changes."""
    return functional.affine_grid(torch.eye(2, 3).unsqueeze(0), [1, *shape], align_corners=False)


def randomly_shifted(rows: Tensor, grid: Tensor, reach: Tensor) -> Tensor:
    """Move each image of `[B, C, H, W]` by up to `reach` `[2]` in units of the grid; interpolated, zeros coming in."""
    moves = (2 * torch.rand(len(rows), 1, 1, 2, device=rows.device) - 1) * reach
    return functional.grid_sample(rows, grid + moves, padding_mode="zeros", align_corners=False)
