"""All randomness, counter-based: a pure function of (key, place, element), never of a generator's state.

A key is two 32-bit words held as an int32 tensor `[..., 2]`. A member's key comes from (seed, repeat, fold); folding in
an epoch or a step, then a place (a name hashed at import), gives the key of one draw, whose elements count from 0.
So a member draws the same numbers alone, among a hundred, on a CPU, on a GPU, resumed or straight through. The only
other door is `seeded`, for code of others that insists on drawing from torch's global generator.

The word of element i under key (a, b) is `mix((i * W) ^ a) + b` mixed once more, in wrapping 32-bit arithmetic, with
`mix` the multiply-xor-shift permutation "lowbias32" (C. Wellons, "Prospecting for hash functions", 2018) and W the odd
Weyl constant 0x9E3779B9.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

_WEYL = 0x9E3779B9 - (1 << 32)
_FIRST = 0x7FEB352D
_SECOND = 0x846CA68B - (1 << 32)


def key_of(*words: int, device: torch.device | str = "cpu") -> Tensor:
    """The key `[2]` (int32) of a sequence of integers, such as (seed, repeat, fold)."""
    digest = hashlib.sha256(repr(words).encode()).digest()
    return torch.tensor(_two_words(digest), dtype=torch.int32, device=device)


def fold_in(key: Tensor, number: int) -> Tensor:
    """The keys `[..., 2]` that follow from `key` `[..., 2]` and a step, an epoch or any integer below 2**31."""
    mixed = words(key, 2, start=2 * number)
    return mixed.to(torch.int32)


def at(key: Tensor, place: str) -> Tensor:
    """The keys `[..., 2]` of a named place under `key` `[..., 2]`: a layer, an augmentation, an order of rows."""
    constant = torch.tensor(_two_words(hashlib.sha256(place.encode()).digest()), dtype=torch.int32)
    return key ^ constant.to(key.device)


def words(key: Tensor, count: int, start: int = 0) -> Tensor:
    """Random 32-bit words as int32 `[..., count]`: elements `start` to `start + count - 1` under `key` `[..., 2]`."""
    element = torch.arange(start, start + count, dtype=torch.int32, device=key.device)
    mixed = _mix((element * _WEYL) ^ key[..., 0:1]) + key[..., 1:2]
    return _mix(mixed)


def uniform(key: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform draws in [0, 1) `[..., *shape]`, multiples of 2**-24, equal on every device and from fp32 upwards."""
    upper = (words(key, math.prod(shape)) >> 8) & 0xFFFFFF
    return (upper.to(dtype) * 2.0**-24).reshape(*key.shape[:-1], *shape)


def normal(key: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal draws `[..., *shape]` by Box and Muller (1958); devices agree to rounding of log and cos."""
    first = uniform(at(key, "radius"), shape, torch.float64)
    second = uniform(at(key, "angle"), shape, torch.float64)
    radius = torch.sqrt(-2.0 * torch.log1p(-first))
    return (radius * torch.cos(2.0 * math.pi * second)).to(dtype)


_drawing: ContextVar[Tensor | None] = ContextVar("drawing", default=None)


@contextmanager
def drawing(key: Tensor | None) -> Iterator[None]:
    """Layers called inside draw under `key` `[2]` (a member's key of this step); None: they do not draw."""
    token = _drawing.set(key)
    try:
        yield
    finally:
        _drawing.reset(token)


def current_key() -> Tensor:
    """The key that the layers of this forward pass draw under; refuses to invent one."""
    key = _drawing.get()
    if key is None:
        raise RuntimeError("a layer asked for random draws outside `randomness.drawing(key)`")
    return key


@contextmanager
def seeded(key: Tensor) -> Iterator[None]:
    """Seed torch's global generator from `key` `[2]` while code of others draws from it, then put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer(key))
        yield


def integer(key: Tensor) -> int:
    """A whole number in [0, 2**31) that follows from `key` `[2]`: the seed of a library's own generator."""
    return int(words(key, 1).item()) & 0x7FFFFFFF


def _mix(word: Tensor) -> Tensor:
    word = (word ^ _shifted(word, 16)) * _FIRST
    word = (word ^ _shifted(word, 15)) * _SECOND
    return word ^ _shifted(word, 16)


def _shifted(word: Tensor, by: int) -> Tensor:
    """Logical shift right of int32, which torch shifts arithmetically: the copied sign bits are cut off."""
    return (word >> by) & ((1 << (32 - by)) - 1)


def _two_words(digest: bytes) -> list[int]:
    return [int.from_bytes(digest[i : i + 4], "little", signed=True) for i in (0, 4)]
