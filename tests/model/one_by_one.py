"""The oracle of stacked networks: each member as the plain module that it is, called by itself."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from foldproof import randomness
from foldproof.model.stacked import StackedNetwork, State, stack


def keys_of(members: int) -> Tensor:
    return torch.stack([randomness.key_of(member) for member in range(members)])


def assert_equals_the_members_one_by_one(networks: Sequence[nn.Module], rows: Tensor, training: bool) -> None:
    """Outputs, gradients and buffers of the stack are those of the plain modules; rows `[P, B, *shape]` in float64."""
    template = copy.deepcopy(networks[0]).train(training)
    alone = [(dict(one.named_parameters()), dict(one.named_buffers())) for one in networks]
    keys = keys_of(len(networks))
    stacked, matrix, buffers = stack(networks)
    before = {name: value.clone() for name, value in buffers.items()}
    matrix.requires_grad_()
    outputs = stacked(matrix, buffers, rows, keys if training else None)
    pull = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).reshape(outputs.shape)
    (outputs * pull).sum().backward()
    assert matrix.grad is not None
    for member, (parameters, own) in enumerate(alone):
        with randomness.drawing(keys[member]):
            wanted = functional_call(template, {**parameters, **own}, (rows[member],))
        (wanted * pull[member]).sum().backward()
        assert torch.allclose(outputs[member], wanted, rtol=1e-10, atol=1e-12)
        gradient = torch.cat(
            [
                torch.zeros_like(one).reshape(-1) if one.grad is None else one.grad.reshape(-1)
                for one in parameters.values()
            ]
        )
        assert torch.allclose(matrix.grad[member], gradient, rtol=1e-8, atol=1e-11)
        for name, value in own.items():
            assert torch.allclose(buffers[name][member], value, rtol=1e-11), name
    assert torch.allclose(outputs, _by_vmap(template, stacked, matrix, before, rows, keys), rtol=1e-10, atol=1e-12)


@torch.no_grad()
def _by_vmap(
    template: nn.Module, stacked: StackedNetwork, matrix: Tensor, buffers: State, rows: Tensor, keys: Tensor
) -> Tensor:
    def one(tensors: State, own: Tensor, key: Tensor) -> Tensor:
        with randomness.drawing(key):
            outputs: Tensor = functional_call(template, tensors, (own,))
        return outputs

    outputs: Tensor = vmap(one)({**stacked.layout.unfold(matrix), **buffers}, rows, keys)
    return outputs
