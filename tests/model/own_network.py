"""Networks of a user's own, good and bad, as `model.factory` names them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shape = tuple[int, ...]


def plain(shape: Shape, outputs: int) -> nn.Module:
    """Everything that a user may use without thinking of populations."""
    return nn.Sequential(
        nn.Conv2d(shape[0], 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.Hardswish(),
        nn.Dropout2d(0.2),
        nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 8),
        nn.BatchNorm1d(8),
        nn.Dropout(0.3),
        nn.LazyLinear(outputs),
    )


def of_tables(shape: Shape, outputs: int) -> nn.Module:  # noqa: ARG001
    """For rows of any shape."""
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.LazyLinear(6), nn.Softsign(), nn.Linear(6, outputs))


class Recurrent(nn.Module):
    """A network that is no chain: it reads an image row by row."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(6, 6), nn.Linear(width, 6, bias=False)
        self.start = nn.Parameter(torch.zeros(6))
        self.head = nn.ModuleList([nn.AlphaDropout(0.2), nn.Linear(6, outputs)])

    def forward(self, rows: Tensor) -> Tensor:
        state = self.start.expand(len(rows), -1)
        for line in rows[:, 0].unbind(1):
            state = torch.tanh(self.inner(state) + self.outer(line))
        for layer in self.head:
            state = layer(state)
        return state


class Repeating(nn.Module):
    """One dropout layer, met three times in a pass, as many people write it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.layers = nn.Sequential(nn.Linear(inputs, 8), self.drop, nn.Linear(8, outputs), self.drop)

    def forward(self, rows: Tensor) -> Tensor:
        rows = self.drop(self.drop(rows.flatten(1)))
        return self.layers(rows)  # type: ignore[no-any-return]


def repeating(shape: Shape, outputs: int) -> nn.Module:
    return Repeating(shape[0] * shape[1] * shape[2], outputs)


def recurrent(shape: Shape, outputs: int) -> nn.Module:
    return Recurrent(shape[-1], outputs)


def trained(shape: Shape, outputs: int) -> nn.Module:
    """With weights from elsewhere."""
    layer = nn.Linear(shape[0] * shape[1] * shape[2], outputs)
    nn.init.constant_(layer.weight, 0.25)
    nn.init.constant_(layer.bias, -1)
    return nn.Sequential(nn.Flatten(), layer)


class Drawing(nn.Linear):
    """Draws where nobody sees it."""

    def forward(self, rows: Tensor) -> Tensor:
        return F.dropout(super().forward(rows.flatten(1)), 0.5, self.training)


def drawing(shape: Shape, outputs: int) -> nn.Module:
    return Drawing(shape[0] * shape[1] * shape[2], outputs)


class Branching(nn.Linear):
    """Does one thing or another, as the values of its inputs are."""

    def forward(self, rows: Tensor) -> Tensor:
        found = super().forward(rows.flatten(1))
        return found if found.mean() > 0 else -found


def branching(shape: Shape, outputs: int) -> nn.Module:
    return Branching(shape[0] * shape[1] * shape[2], outputs)


def other_outputs(shape: Shape, outputs: int) -> nn.Module:
    return trained(shape, outputs + 1)


def other_shape(shape: Shape, outputs: int) -> nn.Module:  # noqa: ARG001
    return nn.Linear(77, outputs)


def no_module(shape: Shape, outputs: int) -> Any:
    return shape, outputs


def failing(shape: Shape, outputs: int) -> nn.Module:
    raise ZeroDivisionError(f"{shape} {outputs}")


def no_arguments() -> nn.Module:
    return nn.Identity()


NO_FUNCTION = 3
