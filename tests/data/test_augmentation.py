"""Augmentations keep shape and range, follow from their keys alone, and are what numpy would do."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.data.augmentation import AUGMENTATIONS, augment, shift, strengths
from foldproof.errors import ConfigError
from tests.training.setting import diabetes, digits

KEYS = torch.stack([randomness.key_of(0, 0, fold) for fold in range(3)])
IMAGES = torch.from_numpy(digits(12).features).double().expand(3, -1, -1, -1, -1).contiguous()
every_augmentation = pytest.mark.parametrize("name", AUGMENTATIONS)


def strength(value: float) -> torch.Tensor:
    return torch.full((3,), value, dtype=torch.float64)


def test_every_name_of_the_params_is_a_row_of_the_table() -> None:
    assert set(Augment.model_fields) == set(AUGMENTATIONS)


@every_augmentation
def test_shape_is_kept_keys_decide_and_zero_is_off(name: str) -> None:
    first = augment(IMAGES, {name: strength(1)}, KEYS)
    assert first.shape == IMAGES.shape
    assert torch.equal(first, augment(IMAGES, {name: strength(1)}, KEYS))
    assert not torch.equal(first[0], first[1]), "members differ"
    assert not torch.equal(first, augment(IMAGES, {name: strength(1)}, randomness.fold_in(KEYS, 1))), "steps differ"
    assert torch.equal(augment(IMAGES, {name: strength(0)}, KEYS), IMAGES)


@every_augmentation
def test_a_member_draws_the_same_alone(name: str) -> None:
    together = augment(IMAGES, {name: strength(1)}, KEYS)
    alone = augment(IMAGES[1:2], {name: strength(1)[1:2]}, KEYS[1:2])
    assert torch.equal(together[1:2], alone)


def test_members_may_have_their_own_strength() -> None:
    moved = shift(IMAGES, torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64), KEYS)
    assert torch.equal(moved[0], IMAGES[0])
    assert not torch.equal(moved[1], IMAGES[1])


def test_a_shift_is_scipys_linear_interpolation_of_the_same_moves() -> None:
    strengths_of_members = torch.tensor([0.4, 1.0, 2.7], dtype=torch.float64)
    moved = shift(IMAGES, strengths_of_members, KEYS).numpy()
    draws = randomness.uniform(randomness.at(KEYS, "shift"), (12, 2), torch.float64)
    moves = ((2 * draws - 1) * strengths_of_members[:, None, None]).numpy()
    for member in range(3):
        for row in range(12):
            image = np.pad(IMAGES[member, row, 0].numpy(), 4)  # zeros outside, and no edge within reach
            wanted = ndimage.shift(image, -moves[member, row], order=1, mode="constant")[4:-4, 4:-4]
            np.testing.assert_allclose(moved[member, row, 0], wanted, atol=1e-12)


def test_shifts_are_uniform_over_their_reach() -> None:
    ramp = torch.arange(200.0, dtype=torch.float64).expand(3, 500, 1, 200, 200)[..., :9, :]
    moves = (shift(ramp, strength(3), KEYS)[..., 0, 4, 100] - 100).flatten().numpy() / 1.0
    assert stats.kstest(moves, stats.uniform(-3, 6).cdf).pvalue > 1e-3


def test_noise_has_the_stated_deviation() -> None:
    rows = torch.zeros(3, 500, 40, dtype=torch.float64)
    noisy = augment(rows, {"noise": torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)}, KEYS)
    assert torch.allclose(noisy.std(dim=(1, 2)), torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64), rtol=0.03)
    assert noisy.mean(dim=(1, 2)).abs().max() < 0.1


def test_an_augmentation_of_images_is_refused_for_a_table() -> None:
    with pytest.raises(ConfigError, match=r"augment\.shift: found 1, legal: 0 for a table"):
        strengths(Augment(shift=1), diabetes().schema)
