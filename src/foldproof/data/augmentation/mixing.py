"""Rows mixed with other rows, and their targets with them.

The loss of a mixed row is `share * loss(its own target) + (1 - share) * loss(its partner's)`: for cross-entropy that of
the mixed target, and right for every loss a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof import randomness
from foldproof.data.augmentation.boxes import boxes


@dataclass(frozen=True)
class Mix:
    """For each row the place of its partner in the batch, `[P, B]`, and the share that it has of itself, `[P, B]`."""

    partner: Tensor
    share: Tensor

    def of(self, function: Callable[..., Tensor], *of_rows: Tensor) -> Tensor:
        """A function of what rows have, `[P, B]` each, such as the loss of targets, mixed as the rows are, `[P, B]`."""
        partners = (values.gather(1, self.partner) for values in of_rows)
        return self.share * function(*of_rows) + (1 - self.share) * function(*partners)


def mixup(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """The share of each row in its mixture, drawn from Beta(alpha, alpha), `[P, B, 1, ...]`.

    H. Zhang et al., "mixup: beyond empirical risk minimization", 2018.

    Args:
        rows: `[P, B, *shape]`.
        strength: alpha `[P]`; 0 mixes nothing.
        keys: `[P, 2]`.
    """
    share = _share("mixup", rows, strength, keys)
    return share.reshape(*share.shape, *(1,) * (rows.dim() - 2)).to(rows.dtype)


def cutmix(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """1 for each pixel that stays the row's own and 0 for the partner's, which fill a box, `[P, B, 1, H, W]`.

    The box has the image's form and, before the edge cuts it off, the share `1 - s` of its area, with s drawn from
    Beta(alpha, alpha). S. Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable
    features", 2019.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: alpha `[P]`; 0 mixes nothing.
        keys: `[P, 2]`.
    """
    side = torch.sqrt(1 - _share("cutmix", rows, strength, keys))
    tall, wide = (torch.floor(side * size) for size in rows.shape[-2:])
    return (~boxes("cutmix box", rows, tall, wide, keys)).to(rows.dtype)


def mixed(rows: Tensor, own: Sequence[Tensor], on: Tensor, keys: Tensor) -> tuple[Tensor, Mix]:
    """Each row of `rows` `[P, B, *shape]` mixed with its partner, by one of the ways that are on for its member.

    Args:
        rows: `[P, B, *shape]`.
        own: of each way, the share of its own in each element of a row, such as `mixup` and `cutmix` give.
        on: which of the ways each member may draw from, all alike, bool `[P, ways]`.
        keys: `[P, 2]`.
    """
    members = torch.arange(len(rows), device=rows.device)
    partner = torch.argsort(randomness.words(randomness.at(keys, "mixing partner"), rows.shape[1]), dim=1, stable=True)
    others = rows.transpose(0, 1)[partner.t(), members].transpose(0, 1)  # in memory as the rows lie themselves
    shares = own[0] if len(own) == 1 else _one_of(own, on, rows.shape[1], keys)
    return torch.lerp(others, rows, shares), Mix(partner, shares.flatten(2).mean(2))


def _one_of(own: Sequence[Tensor], on: Tensor, count: int, keys: Tensor) -> Tensor:
    """For each row the shares of one way, drawn from those that are on for its member; of the first where none is."""
    draws = randomness.uniform(randomness.at(keys, "way of mixing"), (count,), torch.float64)
    turn = torch.floor(draws * on.sum(1, keepdim=True)) + 1
    shares = own[0]
    for way, other in enumerate(own[1:], 1):
        taken = on[:, way, None] & (on[:, : way + 1].sum(1, keepdim=True) == turn)
        shares = torch.where(taken.reshape(*taken.shape, *(1,) * (other.dim() - 2)), other, shares)
    return shares


def _share(place: str, rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """From Beta(alpha, alpha) for each row, `[P, B]` float64; 1 for a member whose alpha is 0."""
    drawn = randomness.symmetric_beta(randomness.at(keys, place), (rows.shape[1],), strength)
    return torch.where(strength.unsqueeze(1) > 0, drawn, 1.0)
