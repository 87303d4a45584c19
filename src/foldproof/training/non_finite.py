"""Why a loss is not finite: where it began, and what is likely to be the cause, in words."""

from math import isfinite

import torch
from torch import Tensor

from foldproof.model.observed import observe
from foldproof.model.stacked import StackedNetwork, State
from foldproof.training.fault import Fault
from foldproof.training.watch import Size

INPUTS = "the inputs are not finite"


def where_it_began(network: StackedNetwork, matrix: Tensor, buffers: State, inputs: Tensor, place: int) -> str:
    """Of the member at `place`, whose loss on `inputs` `[P, B, ...]` with weights `[P, N]` is not finite.

    Gradients run from the output back: where weights are not finite, the one closest to the output was the first.
    Signals run from the input on: where weights are finite, the first layer whose outputs are not finite is it.
    """
    chosen = slice(place, place + 1)
    own, rows = matrix.detach()[chosen], inputs[chosen]
    broken = [name for name, value in network.layout.unfold(own).items() if not value.isfinite().all()]
    if broken:
        return f"the step before left weights that are not finite, from {broken[-1]} back to the input"
    if not rows.isfinite().all():
        return INPUTS
    of_member = {name: value[chosen] for name, value in buffers.items()}
    finite = observe(network, own, of_member, rows, lambda _, outputs: {"all": outputs.isfinite().all()})
    layer = next((name for name, seen in finite.items() if not seen["all"][0]), None)
    return "every output is finite, the loss of them is not" if layer is None else f"layer {layer} is where it begins"


def likely_cause(step: int, place: int, size: Size | None) -> Fault:
    """Of a loss that is not finite, by the step at which that began and what was seen of the member before it."""
    if step == 0:
        return Fault.likely("too_large_at_first")
    if size is None:
        return Fault.likely("rate_too_high")
    norm, ratio = float(size.gradient_norm[place]), float(size.update_ratio[place])
    evidence = f"at step {size.step} the norm of the gradient was {norm:.3g}"
    if isfinite(ratio):
        evidence += f", and updates were up to {ratio:.2g} of the weights"
    return Fault.likely("rate_too_high", evidence)


def faults_of(
    new: Tensor, step: int, network: StackedNetwork, matrix: Tensor, buffers: State, inputs: Tensor, size: Size | None
) -> dict[int, Fault]:
    """Where it began and the likely cause, by place, of the members in `new` `[P]`."""
    found: dict[int, Fault] = {}
    for place in torch.nonzero(new).flatten().tolist():
        began = where_it_began(network, matrix, buffers, inputs, place)
        likely = likely_cause(0 if began == INPUTS else step, place, size)  # no step changes inputs
        found[place] = Fault(likely.cause, f"{began}; {likely.told}")
    return found
