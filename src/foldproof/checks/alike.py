"""How far rows lie from each other as the network is given them: what looks alike should mostly be alike."""

from typing import TYPE_CHECKING

from foldproof.checks.subject import Subject
from foldproof.data.splits import Rows

if TYPE_CHECKING:
    from torch import Tensor

WIDEST = 4096  # numbers of a row that are compared, evenly spaced
NEIGHBOUR = 0.1  # weight of the codes beside a token's own


def distances(subject: Subject, rows: Rows) -> "Tensor":
    """Squared distances `[n, n]` of the inputs, float64.

    The columns of a table are standardised first, so that none drowns the others; two codes that differ are as far
    apart as two zeros and ones would be. Of a token its own codes count, and those beside it by a tenth.
    """
    import torch

    inputs = subject.inputs(rows).nan_to_num(0.0, 0.0, 0.0)
    codes = len(subject.statistics.preprocessing.inputs.coded)
    if subject.dataset.schema.kind == "text":
        return _of_tokens(inputs)
    border = inputs.shape[-1] - codes
    numbers = inputs[..., :border].flatten(1)
    if subject.dataset.schema.kind == "table":
        numbers = (numbers - numbers.mean(0)) / numbers.std(0).clamp(min=1e-12)
    numbers = numbers[:, :: -(-numbers.shape[1] // WIDEST) or 1]
    found = torch.cdist(numbers, numbers).square()
    return found + 2 * _different(inputs[..., border:].flatten(1))


def _of_tokens(windows: "Tensor") -> "Tensor":
    """Of windows of codes `[n, W, F]`."""
    middle = windows.shape[1] // 2
    parts = [
        (1.0 if place == middle else NEIGHBOUR) * _different(windows[:, place]) for place in range(windows.shape[1])
    ]
    return sum(parts[1:], parts[0])


def _different(codes: "Tensor") -> "Tensor":
    """In how many columns of `[n, F]` each two rows have different codes, `[n, n]`."""
    found = codes.new_zeros(len(codes), len(codes))
    for column in codes.unbind(1):
        found += column[:, None] != column
    return found
