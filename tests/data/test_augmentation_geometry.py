"""Moves and warps of images against numpy and scipy, from the same draws."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage, stats

from foldproof import randomness
from foldproof.data.augmentation import augment
from foldproof.data.augmentation.moves import crop, flip, shift, vertical_flip
from foldproof.data.augmentation.warps import turning_by, warped
from tests.data.augmented import BATCH, KEYS, MEMBERS, ROWS, images, strength

IMAGES = ROWS["image"]
Floats = NDArray[np.float64]
Swap = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def either_way(place: str, most: torch.Tensor) -> Floats:
    """Draws in [-most, most] for each member and row `[P, B]`."""
    draws = randomness.uniform(randomness.at(KEYS, place), (BATCH,), torch.float64)
    return ((2 * draws - 1) * most[:, None]).numpy()


def moves_of(most: torch.Tensor) -> Floats:
    draws = randomness.uniform(randomness.at(KEYS, "shift"), (BATCH, 2), torch.float64)
    return ((2 * draws - 1) * most[:, None, None]).numpy()


def resampled(image: Floats, matrix: Floats, move: Floats | float = 0.0) -> Floats:
    """Each channel `[H, W]` by scipy: `source = matrix @ (y, x) + move` from the middle, linear, zero outside."""
    middle = (np.array(image.shape[1:]) - 1) / 2
    offset = middle - matrix @ middle + move
    return np.stack(
        [ndimage.affine_transform(one, matrix, offset, order=1, mode="grid-constant", cval=0) for one in image]
    )


def turn(angle: float) -> Floats:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


def expect(found: torch.Tensor, matrices: "list[list[Floats]]", moves: Floats | None = None) -> None:
    for member in range(MEMBERS):
        for row in range(BATCH):
            move = 0.0 if moves is None else moves[member, row]
            wanted = resampled(IMAGES[member, row].numpy(), matrices[member][row], move)
            np.testing.assert_allclose(found[member, row], wanted, atol=1e-11)


def test_a_shift_is_scipys_linear_interpolation_of_the_same_moves() -> None:
    most = strength(0.4, 1.0, 2.7)
    still = [[np.eye(2)] * BATCH] * MEMBERS
    expect(shift(IMAGES, most, KEYS), still, moves_of(most))


def test_shifts_are_uniform_over_their_reach() -> None:
    ramp = torch.arange(200.0, dtype=torch.float64).expand(3, 500, 1, 200, 200)[..., :9, :]
    moves = (shift(ramp, strength(3), KEYS)[..., 0, 4, 100] - 100).flatten().numpy()
    assert stats.kstest(moves, stats.uniform(-3, 6).cdf).pvalue > 1e-3


def test_rotation_is_scipys() -> None:
    most = strength(10, 90, 180)
    angles = np.deg2rad(either_way("rotation", most))
    expect(augment(IMAGES, {"rotation": most}, KEYS, {}), [[turn(angle) for angle in line] for line in angles])


@pytest.mark.parametrize("quarters", [1, 2, 3, 4])
def test_quarter_turns_are_exact(quarters: int) -> None:
    square = images(height=8, width=8)
    found = warped(square, [turning_by(torch.full((MEMBERS, BATCH), 90.0 * quarters, dtype=torch.float64))])
    np.testing.assert_allclose(found, np.rot90(square.numpy(), quarters, axes=(-2, -1)), atol=1e-12)


def test_scaling_is_scipys() -> None:
    most = strength(0.1, 0.3, 0.9)
    factors = 1 + either_way("scale", most)
    expect(augment(IMAGES, {"scale": most}, KEYS, {}), [[np.eye(2) / one for one in line] for line in factors])


def test_a_row_scaled_by_two_shows_its_middle_twice_as_large() -> None:
    """A map that says so itself, not the draws: every second pixel of the large image is one of the small."""
    image = torch.zeros(1, 1, 1, 9, 9, dtype=torch.float64)
    image[..., 4, 4] = 1
    half = torch.diag(torch.tensor([0.5, 0.5, 1.0], dtype=torch.float64)).reshape(1, 1, 3, 3)
    tent = np.array([0.5, 1, 0.5])
    wanted = np.zeros((9, 9))
    wanted[3:6, 3:6] = np.outer(tent, tent)
    np.testing.assert_allclose(warped(image, [half])[0, 0, 0], wanted, atol=1e-12)


def test_shearing_is_scipys() -> None:
    most = strength(5, 20, 60)
    slopes = np.tan(np.deg2rad(either_way("shear", most)))
    slanted = [[np.array([[1, 0], [slope, 1]]) for slope in line] for line in slopes]
    expect(augment(IMAGES, {"shear": most}, KEYS, {}), slanted)


def test_several_warps_are_one_resampling() -> None:
    """Moved, turned, resized and slanted: the map of all four in one interpolation of scipy's, so one blur."""
    most = {"shift": strength(2), "rotation": strength(30), "scale": strength(0.2), "shear": strength(15)}
    angles = np.deg2rad(either_way("rotation", most["rotation"]))
    factors = 1 + either_way("scale", most["scale"])
    slopes = np.tan(np.deg2rad(either_way("shear", most["shear"])))
    matrices = [
        [
            turn(angles[member, row])
            @ (np.eye(2) / factors[member, row])
            @ np.array([[1, 0], [slopes[member, row], 1]])
            for row in range(BATCH)
        ]
        for member in range(MEMBERS)
    ]
    expect(augment(IMAGES, most, KEYS, {}), matrices, moves_of(most["shift"]))


def test_a_crop_is_numpys_pad_and_slice_and_every_place_comes_up() -> None:
    rows = images(channels=2, height=5, width=6, rows=400)
    found = crop(rows, strength(1), KEYS).numpy()
    padded = np.pad(rows.numpy(), [(0, 0)] * 3 + [(1, 1)] * 2)
    places = [(down, right) for down in range(3) for right in range(3)]
    same = np.stack(
        [(found == padded[..., down : down + 5, right : right + 6]).all(axis=(2, 3, 4)) for down, right in places]
    )
    assert (same.sum(axis=0) == 1).all(), "each row is exactly one of the nine crops"
    assert stats.chisquare(same.sum(axis=(1, 2))).pvalue > 1e-3


@pytest.mark.parametrize(("swap", "axis"), [(flip, -1), (vertical_flip, -2)])
def test_a_flip_is_numpys_with_its_probability(swap: Swap, axis: int) -> None:
    rows = images(channels=2, rows=500)
    found = swap(rows, strength(0.1, 0.5, 1.0), KEYS)
    flipped = np.flip(rows.numpy(), axis)
    swapped = (found.numpy() == flipped).all(axis=(2, 3, 4))
    kept = (found.numpy() == rows.numpy()).all(axis=(2, 3, 4))
    assert (swapped ^ kept).all()
    assert swapped[2].all()
    for member, probability in ((0, 0.1), (1, 0.5)):
        assert stats.binomtest(int(swapped[member].sum()), 500, probability).pvalue > 1e-3
