"""Randomness is a pure function of key, place and element: checked against plain integers, and as a generator."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from foldproof import randomness

keys = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 50), st.integers(0, 20))
MASK = 0xFFFFFFFF


def mixed(word: int) -> int:
    word = ((word ^ (word >> 16)) * 0x7FEB352D) & MASK
    word = ((word ^ (word >> 15)) * 0x846CA68B) & MASK
    return word ^ (word >> 16)


def word_by_hand(first: int, second: int, element: int) -> int:
    return mixed((mixed(((element * 0x9E3779B9) & MASK) ^ first) + second) & MASK)


@given(keys, st.integers(0, 2**20))
def test_words_equal_the_formula_in_plain_integers(words: tuple[int, int, int], element: int) -> None:
    key = randomness.key_of(*words)
    digest = hashlib.sha256(repr(words).encode()).digest()
    first, second = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    found = int(randomness.words(key, 1, start=element).item()) & MASK
    assert found == word_by_hand(first, second, element)


@given(keys, st.integers(1, 300), st.integers(0, 300))
def test_an_element_does_not_depend_on_how_many_are_drawn(words: tuple[int, int, int], count: int, more: int) -> None:
    key = randomness.key_of(*words)
    few = randomness.uniform(key, (count,))
    assert torch.equal(few, randomness.uniform(key, (count + more,))[:count])


@given(keys, st.integers(1, 500), st.integers(0, 1000))
def test_torch_and_numpy_mix_the_same_words(words: tuple[int, int, int], count: int, start: int) -> None:
    """On a GPU torch's signed arithmetic does what numpy's unsigned does on a CPU."""
    stacked = torch.stack([randomness.key_of(*words), randomness.key_of(1, *words)])
    element = torch.arange(start, start + count, dtype=torch.int32) * (0x9E3779B9 - (1 << 32))
    by_torch = randomness._mix(randomness._mix(element ^ stacked[:, 0:1]) + stacked[:, 1:2])
    assert torch.equal(by_torch, randomness.words(stacked, count, start))


def test_stacked_keys_draw_what_each_draws_alone() -> None:
    stacked = torch.stack([randomness.key_of(0, 0, fold) for fold in range(7)])
    together = randomness.normal(randomness.at(stacked, "place"), (5, 3))
    alone = [randomness.normal(randomness.at(key, "place"), (5, 3)) for key in stacked]
    assert torch.equal(together, torch.stack(alone))


def test_draws_under_vmap_equal_those_without() -> None:
    stacked = torch.stack([randomness.key_of(0, 0, fold) for fold in range(4)])
    mapped = torch.func.vmap(lambda key: randomness.uniform(key, (6,)))(stacked)
    assert torch.equal(mapped, randomness.uniform(stacked, (6,)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_uniform_is_the_same_number_in_every_precision(dtype: torch.dtype) -> None:
    key = randomness.key_of(3, 0, 1)
    draws = randomness.uniform(key, (1000,), dtype)
    assert torch.equal(draws.double(), randomness.uniform(key, (1000,), torch.float64))
    assert draws.min() >= 0
    assert draws.max() < 1


def test_uniform_draws_are_uniform_and_independent_of_their_neighbours() -> None:
    draws = randomness.uniform(randomness.key_of(1, 2, 3), (200_000,), torch.float64).numpy()
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.01


def test_neighbouring_members_steps_and_places_are_uncorrelated() -> None:
    base = [randomness.key_of(0, 0, fold) for fold in range(3)]
    streams = [
        randomness.uniform(randomness.at(randomness.fold_in(key, step), place), (20_000,), torch.float64).numpy()
        for key in base
        for step in (0, 1)
        for place in ("dropout 0", "dropout 1")
    ]
    correlation = np.corrcoef(np.stack(streams)) - np.eye(len(streams))
    assert np.abs(correlation).max() < 0.04  # 5.6 standard errors


def test_every_bit_is_set_half_of_the_time() -> None:
    words = randomness.words(randomness.key_of(9), 100_000).numpy().view(np.uint32)
    shares = [(words >> bit & 1).mean() for bit in range(32)]
    assert np.abs(np.array(shares) - 0.5).max() < 0.008  # 5 standard errors


def test_normal_draws_are_normal() -> None:
    draws = randomness.normal(randomness.key_of(5), (200_000,)).numpy()
    assert stats.kstest(draws, "norm").pvalue > 1e-3


def test_a_layer_outside_of_a_drawing_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"randomness\.drawing"):
        randomness.current_key()


def test_seeded_leaves_the_global_generator_as_it_was() -> None:
    before = torch.random.get_rng_state()
    with randomness.seeded(randomness.key_of(1)):
        first = torch.nn.Linear(3, 3).weight.detach()
    with randomness.seeded(randomness.key_of(1)):
        assert torch.equal(first, torch.nn.Linear(3, 3).weight)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cpu_and_gpu_draw_the_same() -> None:
    key = randomness.key_of(2, 0, 4)
    for draw, tolerance in ((randomness.uniform, 0.0), (randomness.normal, 1e-6)):
        on_gpu = draw(key.cuda(), (10_000,), torch.float32).cpu()
        assert torch.allclose(on_gpu, draw(key, (10_000,), torch.float32), rtol=0, atol=tolerance)
    alpha = torch.tensor(0.3)
    on_gpu = randomness.symmetric_beta(key.cuda(), (10_000,), alpha.cuda()).cpu()
    assert torch.allclose(on_gpu, randomness.symmetric_beta(key, (10_000,), alpha), rtol=0, atol=1e-6)


def test_at_least_compares_the_halves_of_words_with_the_bound() -> None:
    keys = torch.stack([randomness.key_of(3, member) for member in range(4)])
    words = randomness.words(keys, 18).numpy().view("uint32").astype("int64")
    halves = torch.from_numpy(np.stack([words & 0xFFFF, words >> 16], axis=-1)).reshape(4, 36)[:, :35]
    bounds = torch.tensor([0.0, float(halves[1, 9]) / 2**16, 0.3, 1 - 2.0**-24])
    reached = randomness.at_least(keys, (5, 7), bounds)
    rounded = (bounds.double() * 2**16).round().clamp(max=2**16 - 1)
    assert torch.equal(reached, (halves >= rounded[:, None]).reshape(4, 5, 7))
    assert reached[0].all()
    assert reached[1].flatten()[9]
    mapped = torch.func.vmap(lambda key, bound: randomness.at_least(key, (5, 7), bound))(keys, bounds)
    assert torch.equal(mapped, reached)
    shared = torch.func.vmap(lambda key: randomness.at_least(key, (5, 7), bounds[2]))(keys)
    assert torch.equal(shared[2], reached[2])


def test_many_keys_draw_what_each_draws_alone() -> None:
    """Together they need several blocks of the processor's cache, the last one not full."""
    keys = torch.stack([randomness.key_of(member) for member in range(11)])
    together = randomness.words(keys, 20_001, start=5)
    for member in (0, 2, 3, 10):
        assert torch.equal(together[member], randomness.words(keys[member], 20_001, start=5))


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 3.0, 100.0])
def test_symmetric_beta_draws_are_scipys_distribution(alpha: float) -> None:
    """Kolmogorov and Smirnov's distance, at p = 0.001, away from the ends, where floating point has 0 and 1 alone."""
    count, grid = 20_000, np.linspace(0.001, 0.999, 999)
    alphas = torch.tensor([alpha, 2 * alpha], dtype=torch.float64)
    keys = torch.stack([randomness.key_of(11), randomness.key_of(12)])
    draws = randomness.symmetric_beta(keys, (count,), alphas)
    assert ((draws >= 0) & (draws <= 1)).all()
    for values, own in zip(draws.numpy(), alphas.tolist(), strict=True):
        below = np.searchsorted(np.sort(values), grid) / count
        assert np.abs(below - stats.beta(own, own).cdf(grid)).max() < 1.95 / np.sqrt(count)
    assert torch.equal(draws[1], randomness.symmetric_beta(keys[1], (count,), alphas[1]))
