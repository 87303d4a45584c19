"""Section `augment`: random changes of training rows."""

from typing import Annotated

from pydantic import Field

from foldproof.config.closed import Closed, NonNegative, Rate

Pixels = Annotated[int, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Concentration = Annotated[float, Field(ge=0, le=100)]


class Augment(Closed):
    """Random changes of training rows, drawn anew each step; 0 is off. What lies outside of an image is 0."""

    shift: NonNegative = 0.0
    """images: move by up to this many pixels in each direction; fractions are interpolated"""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """images: turn by up to this many degrees either way"""
    scale: Rate = 0.0
    """images: enlarge or shrink by up to this share; 0.1 is 0.9 to 1.1 times the size"""
    shear: Annotated[float, Field(ge=0, le=60)] = 0.0
    """images: slant by up to this many degrees either way"""
    crop: Pixels = 0
    """images: pad by this many pixels of 0, cut out the old size anywhere; whole pixels stay sharp"""
    flip: Probability = 0.0
    """images: probability of swapping left and right; not for digits or letters"""
    vertical_flip: Probability = 0.0
    """images: probability of swapping top and bottom"""
    brightness: Probability = 0.0
    """images: brighten or darken by up to this share; the range of the training rows is kept"""
    contrast: Probability = 0.0
    """images: strengthen or weaken contrast by up to this share; the range is kept"""
    colour: Probability = 0.0
    """images of three channels: strengthen or weaken colour by up to this share; the range is kept"""
    blur: NonNegative = 0.0
    """images: Gaussian blur of a standard deviation of up to this many pixels"""
    noise: NonNegative = 0.0
    """standard deviation of added noise, in units of the raw data"""
    cutout: Pixels = 0
    """images: cover a square of this side in pixels, which may reach over the edge, with the mean of each channel"""
    feature_noise: NonNegative = 0.0
    """tables: standard deviation of added noise, in standard deviations of each column"""
    feature_dropout: Rate = 0.0
    """tables: share of the values that are replaced by the mean of their column"""
    word_dropout: Rate = 0.0
    """text: share of the words of a window that become unknown, with all their features; 0.05 to 0.2 are usual"""
    mixup: Concentration = 0.0
    """blend rows in pairs, and their targets, by shares drawn from Beta(mixup, mixup); 0.2 to 0.4 are usual"""
    cutmix: Concentration = 0.0
    """images: paste a box of another row, its share from Beta(cutmix, cutmix); 1 is usual; a row meets this or mixup"""
