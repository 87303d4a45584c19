"""A network of the user's own: `model.factory: package.module:function`, called as `function(shape, outputs)`.

Any plain torch module that maps `[B, *shape]` to `[B, outputs]` will do. Torch's dropout layers, which draw from the
global generator, are replaced by foldproof's, which do the same under the member's key; what else draws is refused.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from foldproof.errors import ConfigError
from foldproof.model.dropout import AlphaDropout, Dropout, SpatialDropout
from foldproof.model.factory_source import WHERE, own_code
from foldproof.model.parts import Parts
from foldproof.model.stacked import stack

REPLACED: dict[type[nn.Module], Callable[[float, str], nn.Module]] = {
    nn.Dropout: Dropout,
    nn.Dropout1d: SpatialDropout,
    nn.Dropout2d: SpatialDropout,
    nn.Dropout3d: SpatialDropout,
    nn.AlphaDropout: AlphaDropout,
}


def factory(shape: tuple[int, ...], outputs: int, parts: Parts, name: str | None) -> nn.Module:  # noqa: ARG001
    """`[B, *shape] -> [B, outputs]`, whatever the function `name` makes.

    Raises ConfigError where there is no such function, where it fails, or where its network gives other outputs, draws
    from a global generator, or cannot be stacked.
    """
    made = _called(own_code(name).function(), shape, outputs, name)
    if not isinstance(made, nn.Module):
        raise ConfigError(f"{WHERE}: {name} returned {type(made).__name__}, legal: a torch.nn.Module")
    network = _with_our_dropout(made)
    _try(network, shape, outputs, name)
    return network


def _called(function: Callable[..., Any], shape: tuple[int, ...], outputs: int, name: str | None) -> Any:
    try:
        return function(shape, outputs)
    except Exception as error:
        raise ConfigError(
            f"{WHERE}: {name}({shape}, {outputs}) raised {type(error).__name__}: {error}; legal: a function of the "
            "shape of a row and the number of outputs"
        ) from error


def _with_our_dropout(network: nn.Module, name: str = "") -> nn.Module:
    """The same network with the layers of REPLACED replaced, each under the name that it has there."""
    if type(network) in REPLACED:
        return REPLACED[type(network)](network.p, f"dropout {name}")  # type: ignore[arg-type]
    for part, module in network._modules.items():  # also what stands in several places: each has masks of its own
        if module is not None:
            network._modules[part] = _with_our_dropout(module, f"{name}.{part}" if name else part)
    return network


@torch.no_grad()
def _try(network: nn.Module, shape: tuple[int, ...], outputs: int, name: str | None) -> None:
    """Two members of two rows, evaluating and training, as a population will; the network itself is left alone."""
    try:
        network.eval()(torch.zeros(2, *shape))  # lazy layers learn their sizes
        stacked, matrix, buffers = stack([deepcopy(network.train()) for _ in range(2)])
        for keys in (None, torch.zeros(2, 2, dtype=torch.int32)):
            found = tuple(stacked(matrix, buffers, torch.zeros(2, 2, *shape), keys).shape[2:])
            if found != (outputs,):
                raise ConfigError(f"{WHERE}: {name} maps a row of shape {shape} to {found}, legal here: ({outputs},)")
    except ConfigError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        replaced = ", ".join(f"nn.{layer.__name__}" for layer in REPLACED)
        raise ConfigError(
            f"{WHERE}: {name} made a network that a population cannot run: {told}; legal: layers that neither draw "
            f"from torch's global generator (but {replaced} are replaced) nor branch on the values of their inputs"
        ) from error
