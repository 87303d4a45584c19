"""How a network's outputs become what it predicts: a table `name -> function`, which a loss chooses from by name.

The name is written into `model.json`, so a served model predicts as it was trained to.
"""

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

OutputActivation = Literal["softmax", "sigmoid", "linear"]


def softmax(outputs: Tensor) -> Tensor:
    """`p_c = exp(o_c) / sum_k exp(o_k)` of outputs `[..., C]`."""
    return outputs.softmax(-1)


def sigmoid(outputs: Tensor) -> Tensor:
    """`p_c = sigma(o_c) / sum_k sigma(o_k)` of outputs `[..., C]`: each class against the rest, scaled to sum to 1.

    So does scikit-learn's OneVsRestClassifier. In logarithms, lest 0 be divided by 0 where every class is unlikely.
    """
    return F.logsigmoid(outputs).softmax(-1)


def linear(outputs: Tensor) -> Tensor:
    """The values `[...]` of outputs `[..., 1]` as they are."""
    return outputs.squeeze(-1)


OUTPUT_ACTIVATIONS: dict[OutputActivation, Callable[[Tensor], Tensor]] = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "linear": linear,
}
