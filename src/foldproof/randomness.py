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
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch._C._functorch import is_batchedtensor

_WEYL = 0x9E3779B9
_FIRST = 0x7FEB352D
_SECOND = 0x846CA68B
_BLOCK = 1 << 16  # words


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
    return key ^ _constant_of(place, key.device)


def words(key: Tensor, count: int, start: int = 0) -> Tensor:
    """Random 32-bit words as int32 `[..., count]`: elements `start` to `start + count - 1` under `key` `[..., 2]`."""
    return _on_whole_stack(partial(_words, count=count, start=start), key)


def uniform(key: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform draws in [0, 1) `[..., *shape]`, multiples of 2**-24, equal on every device and from fp32 upwards."""
    return _on_whole_stack(partial(_uniform, shape=shape, dtype=dtype), key)


def at_least(key: Tensor, shape: tuple[int, ...], bound: Tensor) -> Tensor:
    """Whether uniform draws reach `bound` `[...]` in [0, 1): true with probability `1 - bound`, `[..., *shape]` bool.

    Two draws a word, for speed; so they, and the bound, are rounded to multiples of 2**-16 (see `rounded`).
    """
    return _on_whole_stack(partial(_at_least, shape=shape), key, bound)


def rounded(bound: Tensor) -> Tensor:
    """What `at_least` compares with in place of a bound in [0, 1), so that its chance is exactly 1 less this."""
    return (bound.double() * 2**16).round().clamp(max=2**16 - 1) / 2**16


def normal(key: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal draws `[..., *shape]` by Box and Muller (1958); devices agree to rounding of log and cos."""
    first = uniform(at(key, "radius"), shape, torch.float64)
    second = uniform(at(key, "angle"), shape, torch.float64)
    radius = first.neg_().log1p_().mul_(-2.0).sqrt_()
    return radius.mul_(second.mul_(2.0 * math.pi).cos_()).to(dtype)


def symmetric_beta(key: Tensor, shape: tuple[int, ...], alpha: Tensor) -> Tensor:
    """Draws from Beta(alpha, alpha) `[..., *shape]` in float64, of `alpha > 0` `[...]`; devices agree to rounding.

    It is `(1 + c / sqrt(c^2 + w / (1 - w))) / 2` with `c = cos(2 pi v)`, `w = u^(1 / alpha)` and u, v uniform, by which
    R. Bailey draws Student's t with `2 alpha` degrees of freedom ("Polar generation of random variates with the
    t-distribution", 1994); of a beta variate x that is `sqrt(2 alpha) (x - 1/2) / sqrt(x (1 - x))`. None is rejected.
    """
    power = torch.log1p(-uniform(at(key, "radius"), shape, torch.float64))
    power = power / alpha.double().reshape(*alpha.shape, *(1,) * len(shape))
    cosine = torch.cos(2.0 * math.pi * uniform(at(key, "angle"), shape, torch.float64))
    return (1 + cosine / torch.sqrt(cosine.square() + torch.exp(power) / -torch.expm1(power))) / 2


_drawing: ContextVar[tuple[Tensor | None, Counter[str]]] = ContextVar("drawing", default=(None, Counter()))


@contextmanager
def drawing(key: Tensor | None) -> Iterator[None]:
    """Layers called inside draw under `key` `[2]` (a member's key of this step); None: they do not draw."""
    token = _drawing.set((key, Counter()))
    try:
        yield
    finally:
        _drawing.reset(token)


def current_key() -> Tensor:
    """The key that the layers of this forward pass draw under; refuses to invent one."""
    key, _ = _drawing.get()
    if key is None:
        raise RuntimeError("a layer asked for random draws outside `randomness.drawing(key)`")
    return key


def key_at(place: str) -> Tensor:
    """The key of a layer's place in this forward pass, another one each time that the layer is met again in it."""
    key, (_, met) = current_key(), _drawing.get()
    met[place] += 1
    return at(key, place if met[place] == 1 else f"{place}, met {met[place]} times")


@contextmanager
def seeded(key: Tensor) -> Iterator[None]:
    """Seed torch's global generator from `key` `[2]` while code of others draws from it, then put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer(key))
        yield


def integer(key: Tensor) -> int:
    """A whole number in [0, 2**31) that follows from `key` `[2]`: the seed of a library's own generator."""
    return int(words(key, 1).item()) & 0x7FFFFFFF


def _on_whole_stack(draw: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """Call a drawing function of keys `[..., 2]`; under `vmap` once for all members, not op by op through vmap."""
    if not any(is_batchedtensor(tensor) for tensor in tensors):
        return draw(*tensors)  # an autograd function would cost as much again as the draws of a batch
    drawn: Tensor = _OnWholeStack.apply(draw, *tensors)  # type: ignore[no-untyped-call]
    return drawn


class _OnWholeStack(torch.autograd.Function):
    """What takes a drawing function out of `vmap`."""

    generate_vmap_rule = False

    @staticmethod
    def forward(draw: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        """Draw under one key or a stack of keys."""
        return draw(*tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Draws have no gradient."""
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(_: Any, in_dims: tuple[int | None, ...], draw: Callable[..., Tensor], *tensors: Tensor) -> Any:
        """The keys of all members are one tensor, and so are their draws."""
        stacked = zip(tensors, in_dims[1:], strict=True)
        return draw(*(tensor if dim is None else tensor.movedim(dim, 0) for tensor, dim in stacked)), 0


def _words(key: Tensor, count: int, start: int) -> Tensor:
    """On a CPU numpy's unsigned arithmetic, which has a logical shift and little overhead; elsewhere torch's."""
    if key.device.type == "cpu":
        return torch.from_numpy(_words_of_numpy(key.contiguous().numpy().view(np.uint32), count, start).view(np.int32))
    element = torch.arange(start, start + count, dtype=torch.int32, device=key.device)
    mixed = _mix((element * (_WEYL - (1 << 32))) ^ key[..., 0:1]) + key[..., 1:2]
    return _mix(mixed)


def _uniform(key: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    if key.device.type == "cpu":
        words = _words_of_numpy(key.contiguous().numpy().view(np.uint32), math.prod(shape), 0)
        words >>= np.uint32(8)
        upper = torch.from_numpy(words.view(np.int32))
    else:
        upper = (_words(key, math.prod(shape), 0) >> 8) & 0xFFFFFF
    return upper.to(dtype).mul_(2.0**-24).reshape(*key.shape[:-1], *shape)


def _at_least(key: Tensor, bound: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Element `2 i` is the lower half of word `i`, element `2 i + 1` the upper one."""
    count = math.prod(shape)
    drawn = _words(key, (count + 1) // 2, 0)
    least = (rounded(bound) * 2**16).to(torch.int32).unsqueeze(-1)
    if drawn.device.type == "cpu" and sys.byteorder == "little":
        reached = torch.from_numpy(drawn.numpy().view(np.uint16) >= least.numpy().astype(np.uint16))
    else:
        halves = torch.stack([drawn & 0xFFFF, (drawn >> 16) & 0xFFFF], dim=-1).flatten(-2)
        reached = halves >= least
    return reached[..., :count].reshape(*key.shape[:-1], *shape)


def _words_of_numpy(key: NDArray[np.uint32], count: int, start: int) -> NDArray[np.uint32]:
    """Keys are taken in blocks whose words stay in the processor's cache through all rounds."""
    found = np.empty((*key.shape[:-1], count), np.uint32)
    keys, words = key.reshape(-1, 2), found.reshape(-1, count)
    block = max(1, _BLOCK // max(1, count))
    spare = np.empty((min(block, len(keys)), count), np.uint32)
    for first in range(0, len(keys), block):
        part, word = keys[first : first + block], words[first : first + block]
        np.bitwise_xor(_elements(count, start), part[:, 0:1], out=word)
        _mix_of_numpy(word, spare[: len(part)])
        word += part[:, 1:2]
        _mix_of_numpy(word, spare[: len(part)])
    return found


def _mix_of_numpy(word: NDArray[np.uint32], spare: NDArray[np.uint32]) -> None:
    """lowbias32 in place; `spare` is of the same shape."""
    word ^= np.right_shift(word, np.uint32(16), out=spare)
    word *= np.uint32(_FIRST)
    word ^= np.right_shift(word, np.uint32(15), out=spare)
    word *= np.uint32(_SECOND)
    word ^= np.right_shift(word, np.uint32(16), out=spare)


@lru_cache(maxsize=64)
def _elements(count: int, start: int) -> NDArray[np.uint32]:
    return np.arange(start, start + count, dtype=np.uint32) * np.uint32(_WEYL)


def _mix(word: Tensor) -> Tensor:
    word = (word ^ _shifted(word, 16)) * _FIRST
    word = (word ^ _shifted(word, 15)) * (_SECOND - (1 << 32))
    return word ^ _shifted(word, 16)


def _shifted(word: Tensor, by: int) -> Tensor:
    """Logical shift right of int32, which torch shifts arithmetically: the copied sign bits are cut off."""
    return (word >> by) & ((1 << (32 - by)) - 1)


@lru_cache(maxsize=1024)
def _constant_of(place: str, device: torch.device) -> Tensor:
    digest = hashlib.sha256(place.encode()).digest()
    return torch.tensor(_two_words(digest), dtype=torch.int32, device=device)


def _two_words(digest: bytes) -> list[int]:
    return [int.from_bytes(digest[i : i + 4], "little", signed=True) for i in (0, 4)]
