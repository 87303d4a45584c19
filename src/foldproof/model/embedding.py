"""The front of a network whose inputs hold codes: a vector that is learnt for each, in place of the code.

For tagged text this is the window model of Collobert et al. ("Natural Language Processing (Almost) from Scratch",
2011): W words with d dimensions each make W * d inputs. All places of a window share their tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import Embedding
from foldproof.data.preprocessing import Inputs

WORD = 50  # dimensions
MOST = 50  # dimensions of a category, unless said otherwise


@dataclass(frozen=True)
class WordVectors:
    """Pre-trained vectors `[k, d]` of the words with these codes `[k]`, and whether training leaves them as they are.

    `told` says where they come from, and by what rule they stay;
    `outside` are those of words that are watched and are no value of the data.
    """

    codes: Tensor
    vectors: Tensor
    fixed: bool
    told: str
    outside: Mapping[str, Tensor] = field(default_factory=dict)


class Embedded(nn.Module):
    """Rows `[B, *places, C]`, of which the last columns are codes, as numbers `[B, places * width]`.

    Each place gives its C - T numbers, then the vectors of its T codes, from tables `[codes, dimension]`.
    """

    def __init__(self, tables: Sequence[Tensor], fixed: Tensor | None = None) -> None:
        super().__init__()
        self.tables: Any = nn.ModuleList(nn.Embedding.from_pretrained(table, freeze=False) for table in tables)
        self.fixed = fixed
        """rows `[codes]` of the first table that training leaves as they are"""

    @property
    def width(self) -> int:
        """Numbers that the codes of one place become."""
        return sum(table.embedding_dim for table in self.tables)

    def forward(self, rows: Tensor) -> Tensor:
        """Look up each code of `rows`."""
        numbers, codes = self.parted(rows)
        found = [
            self.held(place, codes[..., place], table(codes[..., place])) for place, table in enumerate(self.tables)
        ]
        return torch.cat([numbers, *found], -1).flatten(1)

    def parted(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The columns of numbers, and those of codes, as integers."""
        border = rows.shape[-1] - len(self.tables)
        return rows[..., :border], rows[..., border:].long()

    def held(self, table: int, codes: Tensor, vectors: Tensor) -> Tensor:
        """Vectors `[..., d]` of codes `[...]`, without gradients where the table's row is fixed."""
        if table > 0 or self.fixed is None:
            return vectors
        fixed = self.fixed.to(codes.device)[codes].unsqueeze(-1)
        return torch.where(fixed, vectors.detach(), vectors)


def name_of_table(place: int) -> str:
    """What the table of the coded column at `place` is called in a network that begins with such a front."""
    return f"0.tables.{place}.weight"


def embedded(
    section: Embedding, inputs: Inputs, key: Tensor, words: WordVectors | None = None
) -> tuple[Embedded, Inputs]:
    """The front for these inputs, and the inputs of the network behind it; `words` go into the first table."""
    tables = [
        _initial(randomness.at(key, f"initial embedding {place}"), codes, dimension, section.initial_scale)
        for place, (codes, dimension) in enumerate(zip(inputs.coded, dimensions(section, inputs), strict=True))
    ]
    fixed = None
    if words is not None:
        tables[0][words.codes] = words.vectors
        if words.fixed:
            fixed = torch.zeros(len(tables[0]), dtype=torch.bool)
            fixed[words.codes] = True
    front = Embedded(tables, fixed)
    *places, columns = inputs.shape
    return front, Inputs((prod(places) * (columns - len(tables) + front.width),))


def dimensions(section: Embedding, inputs: Inputs) -> list[int]:
    """Of each coded column's vectors: `min(50, 1.6 V^0.56)` for V categories, fastai's rule, where it is left open.

    Rows of several places are windows of text, whose first column is the word.
    """
    if len(inputs.shape) > 1:
        word = WORD if section.dimension == "auto" else section.dimension
        return [word, *(section.feature_dimension for _ in inputs.coded[1:])]
    return [
        max(1, min(MOST, round(1.6 * (codes - 1) ** 0.56))) if section.dimension == "auto" else section.dimension
        for codes in inputs.coded
    ]


def _initial(key: Tensor, codes: int, dimension: int, scale: float) -> Tensor:
    """Normal vectors; the last code is the unknown one, which nothing may have taught: it begins in the middle."""
    vectors = randomness.normal(key, (codes, dimension)) * scale
    vectors[-1] = 0.0
    return vectors.float()


class Lookup(torch.autograd.Function):
    """Vectors `[B, P, ..., d]` of the codes `[B, P, ...]` of P members, each in its own table of `[P, V, d]`.

    The gradient of the tables is added up in `into` `[P, V, d]` where that is given. On a CPU the members take turns:
    their tables are far apart in the matrix, and to index across them costs more.
    """

    @staticmethod
    def forward(ctx: Any, tables: Tensor, codes: Tensor, into: Tensor | None) -> Tensor:
        """Look the codes up."""
        ctx.save_for_backward(codes)
        ctx.shape, ctx.into = tables.shape, into
        if tables.device.type != "cpu":
            return tables[_members(codes), codes]
        found = tables.new_empty(*codes.shape, tables.shape[-1])
        for member, table in enumerate(tables):
            own = codes[:, member]
            found[:, member] = table.index_select(0, own.reshape(-1)).view(*own.shape, -1)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None]:
        """Of a code that is met several times the gradients add up, in the order of the rows."""
        (codes,) = ctx.saved_tensors
        gradient = gradients[0]
        tables = gradient.new_empty(ctx.shape) if ctx.into is None else ctx.into
        tables.zero_()
        if tables.device.type != "cpu":
            return tables.index_put_((_members(codes), codes), gradient, accumulate=True), None, None
        for member, table in enumerate(tables):
            table.index_add_(0, codes[:, member].reshape(-1), gradient[:, member].reshape(-1, tables.shape[-1]))
        return tables, None, None


def _members(codes: Tensor) -> Tensor:
    """The number of the member that each of the codes `[B, P, ...]` belongs to, to broadcast to them."""
    members = torch.arange(codes.shape[1], device=codes.device)
    return members.view(-1, *(1,) * (codes.dim() - 2))
