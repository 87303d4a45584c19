"""Random changes of training rows, per member and row, counter-based; `table.py` says which there are."""

from foldproof.data.augmentation.mixing import Mix
from foldproof.data.augmentation.table import (
    AUGMENTATIONS,
    augment,
    measured,
    mix,
    refuse_mixing_of_single_rows,
    strengths,
)

__all__ = ["AUGMENTATIONS", "Mix", "augment", "measured", "mix", "refuse_mixing_of_single_rows", "strengths"]
