"""Losses of classes a row: outputs `[P, B, C]`, targets `[P, B]` int64, settings by name `[P]`, to losses `[P, B]`.

Where labels are smoothed, the target is `q = (1 - s) onehot + s / C` with each member's own `s`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from foldproof.model.stacked import State


def cross_entropy(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """`-sum_c q_c log softmax(o)_c` in nats, at least the entropy of q; about `ln C` at small weights."""
    _check(outputs, targets)
    log_probabilities = outputs.log_softmax(-1)
    hit = log_probabilities.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    share = settings["label_smoothing"].unsqueeze(1)
    return -(1 - share) * hit - share * log_probabilities.mean(-1)


def binary_cross_entropy(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """`-sum_c q_c log sigma(o_c) + (1 - q_c) log(1 - sigma(o_c))`: each class against the rest; `C ln 2` at first.

    The sum, not the mean, over classes: the gradient is `sigma(o) - q`, as large as that of cross-entropy, so that
    learning rates carry over.
    """
    _check(outputs, targets)
    return F.binary_cross_entropy_with_logits(outputs, _smoothed(outputs, targets, settings), reduction="none").sum(-1)


def focal(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """`-(1 - p)^gamma log p` with `p = softmax(o)_t` and `gamma >= 0` (Lin et al. 2017), without their alpha."""
    _check(outputs, targets)
    log_probability = outputs.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    smallest = torch.finfo(outputs.dtype).tiny  # of 0, a power below 1 has no finite slope
    missing = (-torch.expm1(log_probability)).clamp(min=smallest)
    return -missing.pow(settings["focal_gamma"].unsqueeze(1)) * log_probability


def squared_error_of_probabilities(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """`sum_c (softmax(o)_c - q_c)^2 / C`, the Brier score over C, at most `2 / C`; slower to learn by."""
    _check(outputs, targets)
    return (outputs.softmax(-1) - _smoothed(outputs, targets, settings)).square().mean(-1)


def _smoothed(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """The wanted probabilities q `[P, B, C]`."""
    classes = outputs.shape[-1]
    share = settings["label_smoothing"].reshape(-1, 1, 1)
    return (1 - share) * F.one_hot(targets, classes).to(outputs.dtype) + share / classes


def _check(outputs: Tensor, targets: Tensor) -> None:
    if outputs.dim() != 3 or outputs.shape[:2] != targets.shape or targets.dtype != torch.int64:
        raise ValueError(
            f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} {targets.dtype} do not fit; "
            "expected [P, B, C] and [P, B] int64"
        )
