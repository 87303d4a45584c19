"""Block `train.penalty`: what is added to the loss for large weights."""

from foldproof.config.closed import Closed, NonNegative


class Penalty(Closed):
    """`l2/2 * sum w^2 + l1 * sum |w|`, over weights alone; both together are the elastic net."""

    l1: NonNegative = 0.0
    """lambda * sum |w|: many weights come near 0"""
    l2: NonNegative = 0.0
    """lambda/2 * sum w^2: all weights stay small"""
