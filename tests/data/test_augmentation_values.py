"""Colour, blur, noise, lost features and boxes against hand arithmetic, Pillow and scipy, from the same draws."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy import ndimage, stats

from foldproof import randomness
from foldproof.data.augmentation import augment, measured
from foldproof.data.augmentation.blur import blur
from foldproof.data.augmentation.boxes import cutout
from foldproof.data.augmentation.colour import brightness, colour, contrast
from foldproof.data.augmentation.noise import feature_dropout, feature_noise
from tests.data.augmented import BATCH, KEYS, MEASURES, MEMBERS, RANGE, ROWS, dataset_of, images, strength

IMAGES = ROWS["image"]


def factors(place: str, most: torch.Tensor) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """In [1 - s, 1 + s] for each member and row, to broadcast against images."""
    draws = randomness.uniform(randomness.at(KEYS, place), (BATCH,), torch.float64)
    return (1 + (2 * draws - 1) * most[:, None]).numpy()[..., None, None, None]


def test_brightness_is_a_factor_on_what_is_above_the_lowest_value_and_clipped() -> None:
    most = strength(0.2, 0.7, 1.0)
    rows, lowest = IMAGES + 5, 5
    found = brightness(rows, most, KEYS, RANGE["low"] + lowest, RANGE["high"] + lowest)
    wanted = (lowest + IMAGES.numpy() * factors("brightness", most)).clip(lowest, 16 + lowest)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert (wanted == 16 + lowest).any(), "nothing was clipped, so the test shows less than it says"


def test_contrast_is_a_factor_on_the_distance_from_each_channels_mean() -> None:
    most = strength(0.2, 0.7, 1.0)
    means = IMAGES.numpy().mean(axis=(-2, -1), keepdims=True)
    wanted = (means + (IMAGES.numpy() - means) * factors("contrast", most)).clip(0, 16)
    np.testing.assert_allclose(contrast(IMAGES, most, KEYS, **RANGE), wanted, atol=1e-12)


def test_colour_is_a_factor_on_the_distance_from_grey() -> None:
    most = strength(0.2, 0.7, 1.0)
    red, green, blue = np.moveaxis(IMAGES.numpy(), 2, 0)
    grey = (0.299 * red + 0.587 * green + 0.114 * blue)[:, :, None]
    wanted = (grey + (IMAGES.numpy() - grey) * factors("colour", most)).clip(0, 16)
    np.testing.assert_allclose(colour(IMAGES, most, KEYS, **RANGE), wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "enhance"), [("brightness", ImageEnhance.Brightness), ("colour", ImageEnhance.Color)]
)
def test_brightness_and_colour_are_pillows_up_to_its_rounding(change: str, enhance: Any) -> None:
    pictures = (IMAGES * (255 / 16)).round()
    whole = {"low": RANGE["low"], "high": RANGE["high"] * (255 / 16)}
    found = augment(pictures, {change: strength(0.6)}, KEYS, whole).numpy()
    by = factors(change, strength(0.6)).squeeze()
    for member in range(MEMBERS):
        for row in range(BATCH):
            picture = Image.fromarray(pictures[member, row].permute(1, 2, 0).numpy().astype(np.uint8))
            wanted = np.asarray(enhance(picture).enhance(by[member, row]), dtype=np.float64).transpose(2, 0, 1)
            np.testing.assert_allclose(found[member, row], wanted, atol=1.5)


def test_blur_is_scipys_gaussian_with_nothing_outside() -> None:
    most = strength(0.3, 1.0, 4.0)
    draws = randomness.uniform(randomness.at(KEYS, "blur"), (BATCH,), torch.float64)
    deviations = (draws * most[:, None]).numpy()
    found = blur(IMAGES, most, KEYS)
    for member in range(MEMBERS):
        for row in range(BATCH):
            for channel in range(3):
                sums, weights = (
                    ndimage.gaussian_filter(image, deviations[member, row], mode="constant", radius=9)
                    for image in (IMAGES[member, row, channel].numpy(), np.ones(IMAGES.shape[-2:]))
                )
                np.testing.assert_allclose(found[member, row, channel], sums / weights, atol=1e-6)


def test_noise_has_the_stated_deviation() -> None:
    rows = torch.zeros(3, 500, 40, dtype=torch.float64)
    noisy = augment(rows, {"noise": strength(0.5, 1.0, 3.0)}, KEYS, {})
    assert torch.allclose(noisy.std(dim=(1, 2)), strength(0.5, 1.0, 3.0), rtol=0.03)
    assert noisy.mean(dim=(1, 2)).abs().max() < 0.1


def test_feature_noise_is_in_units_of_each_columns_deviation() -> None:
    rows = torch.zeros(3, 4000, 2, dtype=torch.float64)
    deviation = torch.tensor([[1.0, 100.0]] * 3, dtype=torch.float64)
    noisy = feature_noise(rows, strength(0.1, 0.5, 1.0), KEYS, deviation)
    wanted = strength(0.1, 0.5, 1.0)[:, None] * deviation
    assert torch.allclose(noisy.std(dim=1), wanted, rtol=0.05)
    assert stats.kstest((noisy[1, :, 1] / 50).numpy(), stats.norm.cdf).pvalue > 1e-3


def test_feature_dropout_replaces_the_stated_share_by_the_mean() -> None:
    rows = torch.from_numpy(np.random.Generator(np.random.Philox(5)).normal(size=(3, 500, 8)))
    mean = torch.full((3, 8), 7.0, dtype=torch.float64)
    found = feature_dropout(rows, strength(0.1, 0.5, 0.9), KEYS, mean)
    lost = found == 7
    assert torch.equal(found[~lost], rows[~lost])
    for member, share in enumerate((0.1, 0.5, 0.9)):
        assert stats.binomtest(int(lost[member].sum()), 4000, share).pvalue > 1e-3


@pytest.mark.parametrize("side", [1, 2, 3, 9])
def test_cutout_covers_a_square_about_any_pixel_with_the_mean(side: int) -> None:
    rows = images(rows=300)
    height, width = rows.shape[-2:]
    found = cutout(rows, strength(side), KEYS, MEASURES["image"]["mean"])
    covered = (found == 8).numpy()
    assert (covered == covered[:, :, :1]).all(), "all channels alike"
    assert np.array_equal(found.numpy()[~covered], rows.numpy()[~covered])
    sides = [covered[:, :, 0].any(axis=axis).sum(axis=2) for axis in (3, 2)]
    areas = covered[:, :, 0].sum(axis=(2, 3))
    assert (areas == sides[0] * sides[1]).all(), "a rectangle"
    for size, lengths in zip((height, width), sides, strict=True):
        within = [min(size, middle - side // 2 + side) - max(0, middle - side // 2) for middle in range(size)]
        wanted = np.bincount(within, minlength=size + 1) / size
        seen = np.bincount(lengths.ravel(), minlength=size + 1)
        assert not seen[wanted == 0].any()
        if (wanted > 0).sum() > 1:
            assert stats.chisquare(seen[wanted > 0], wanted[wanted > 0] * seen.sum()).pvalue > 1e-3


@pytest.mark.parametrize("kind", ["image", "table"])
def test_measures_are_numpys_over_the_given_rows_alone(kind: str) -> None:
    dataset = dataset_of("image" if kind == "image" else "table")
    chosen = ["brightness", "cutout"] if kind == "image" else ["feature_noise", "feature_dropout"]
    rows = [np.arange(0, 30), np.arange(10, 50)]
    found = measured(chosen, dataset, rows)
    assert set(found) == ({"low", "high", "mean"} if kind == "image" else {"mean", "deviation"})
    by_hand: dict[str, Any] = {"low": np.min, "high": np.max, "mean": np.mean, "deviation": np.std}
    for name, values in found.items():
        for member, own in enumerate(rows):
            pixels = np.moveaxis(dataset.features[own].astype(np.float64), 1, 0).reshape(dataset.schema.shape[0], -1)
            np.testing.assert_allclose(values[member].ravel(), by_hand[name](pixels, axis=1), rtol=1e-12)
        assert values.shape[1:] == ((3, 1, 1) if kind == "image" else (5,))


def test_word_dropout_hides_whole_words_at_its_rate_and_no_empty_places() -> None:
    """Half of the words; the places beyond a sentence's end, of code 3 in both features, stay what they are."""
    rows = torch.full((2, 4000, 5, 2), 1.0)
    rows[:, :, 3:] = 3.0
    beyond, rate = torch.full((2, 2), 3.0), torch.tensor([0.5, 0.1])
    found = augment(rows, {"word_dropout": rate}, KEYS[:2], {"beyond": beyond})
    assert (found[:, :, 3:] == 3).all()
    hidden = (found[:, :, :3] == -1).double()
    assert torch.equal(hidden[..., 0], hidden[..., 1]), "all features of a word at once"
    assert set(found[:, :, :3].unique().tolist()) == {-1.0, 1.0}
    share = hidden[..., 0].mean(dim=(1, 2))
    assert torch.allclose(share, rate.double(), atol=4 * (0.25 / 12000) ** 0.5)
