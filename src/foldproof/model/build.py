"""From section `model` to the network of one member, its initial weights drawn under the member's key."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.data.preprocessing import Inputs
from foldproof.model.activations import ACTIVATIONS, ChosenActivation
from foldproof.model.dropout import DROPOUTS
from foldproof.model.embedding import WordVectors, embedded
from foldproof.model.initializers import INITIALIZERS, initialize, scale_to_unit_variance
from foldproof.model.networks import NETWORKS
from foldproof.model.parts import Parts


def build(
    section: Model,
    inputs: Inputs,
    outputs: int,
    key: Tensor,
    rows: Callable[[], Tensor] | None = None,
    words: WordVectors | None = None,
) -> nn.Module:
    """The network `[B, *inputs.shape] -> [B, outputs]` that section `model` describes, for the member with `key` `[2]`.

    Where columns of the inputs are codes, it begins with their embedding, and the named network follows; `words` are
    vectors that its first table begins with.
    `rows` gives some of the member's own training rows `[B, *shape]`, normalised, to initial weights that are scaled
    by them; without it these are left unscaled. Raises ConfigError where the section does not fit the inputs.
    """
    row = NETWORKS[section.name]
    activation = ChosenActivation(ACTIVATIONS[section.activation], getattr(section, section.activation, None))
    parts = Parts(activation, section.normalisation, section.group, section.dropout, DROPOUTS[section.dropout_kind])
    front, behind = embedded(section.embedding, inputs, key, words) if inputs.coded else (None, inputs)
    with randomness.seeded(key):
        network = row.make(behind.shape, outputs, parts, getattr(section, section.name))
    if front is not None:
        network = nn.Sequential(front, network)
    if section.initializer == "auto" and row.has_weights:
        return network
    chosen = INITIALIZERS[activation.row.initializer if section.initializer == "auto" else section.initializer]
    initialize(network, chosen.draw, key, activation.gain, section.initial_scale)
    if chosen.unit_variance and rows is not None:
        scale_to_unit_variance(network, rows())
    return network


def multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-adds of the products and convolutions of one row's forward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, *shape))
    return int(counter.get_total_flops()) // 2
