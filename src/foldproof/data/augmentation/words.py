"""Words of a window that are hidden from the network, so that it learns to do without."""

import torch
from torch import Tensor

from foldproof import randomness
from foldproof.data.text.windows import UNKNOWN


def word_dropout(rows: Tensor, strength: Tensor, keys: Tensor, beyond: Tensor) -> Tensor:
    """Make words unknown with probability `strength`, with all their features (Iyyer et al. 2015).

    The network then has a vector for words that it has never met, and looks at the neighbours of those that it has.

    Args:
        rows: codes `[P, B, W, F]`.
        strength: share of the words, in [0, 1), `[P]`.
        keys: `[P, 2]`.
        beyond: the codes that stand where a sentence has no word, which are kept, `[P, F]`.
    """
    shape = tuple(rows.shape[1:3])
    kept = randomness.at_least(randomness.at(keys, "word dropout"), shape, strength).unsqueeze(3)
    no_word = (rows == beyond[:, None, None]).all(3, keepdim=True)
    return torch.where(kept | no_word, rows, UNKNOWN)
