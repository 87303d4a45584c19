"""Section `augment`: random changes of training rows."""

from foldproof.config.closed import Closed, NonNegative


class Augment(Closed):
    """Random changes of training rows, drawn anew each step."""

    shift: NonNegative = 0.0
    """images: move by up to this many pixels in each direction; fractions are interpolated"""
    noise: NonNegative = 0.0
    """standard deviation of added noise, in units of the raw data"""
