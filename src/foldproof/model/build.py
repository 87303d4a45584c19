"""From section `model` to the network of one member, its initial weights drawn under the member's key."""

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.model.activations import ACTIVATIONS
from foldproof.model.initializers import INITIALIZERS, initialize
from foldproof.model.networks import NETWORKS, Parts


def build(section: Model, shape: tuple[int, ...], outputs: int, key: Tensor) -> nn.Module:
    """The network `[B, *shape] -> [B, outputs]` that section `model` describes, for the member with `key` `[2]`."""
    activation = ACTIVATIONS[section.activation]
    chosen = activation.initializer if section.initializer == "auto" else section.initializer
    with randomness.seeded(key):
        block = getattr(section, section.name)
        network = NETWORKS[section.name](shape, outputs, Parts(activation.module, section.dropout), block)
    initialize(network, INITIALIZERS[chosen], key)
    return network


def multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-adds of the products and convolutions of one row's forward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, *shape))
    return int(counter.get_total_flops()) // 2
