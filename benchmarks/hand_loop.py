"""The rival without a framework: a plain PyTorch loop, one network after another.

What makes it as fast as such a loop gets: the epoch's rows are gathered once and cut into batches (no DataLoader), rows
are normalised before training where nothing is drawn, Adam is fused, gradients are dropped and not zeroed, the learning
rate is set by hand (a scheduler object costs more than the multiplication), nothing is read back within an epoch, and
the best epoch's weights stay in memory. No `torch.compile`: compiling takes longer than such a fit on a CPU.
"""

import math
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.preprocessing import prepared
from benchmarks.tensor_batches import ShuffledBatches
from benchmarks.work import Assignment, Outcome, Work, accuracy, seeded


def cross_validate(work: Work) -> Outcome:
    """Train and score every network."""
    started = perf_counter()
    found = [_trained(work, one) for one in work.assignments]
    return Outcome(perf_counter() - started, *zip(*found, strict=True))


def _trained(work: Work, one: Assignment) -> tuple[float, int]:
    """Fit one network, go back to its best epoch; accuracy on the scored rows, and steps."""
    seeded(one.seed)
    network, rows = prepared(work, one)
    batches = ShuffledBatches(rows[one.training], work.targets[one.training], work.batch_size, work.steps)
    held_out, held_out_targets = rows[one.inner_validation], work.targets[one.inner_validation]
    optimizer = torch.optim.Adam(network.parameters(), lr=one.learning_rate, fused=True)
    state = [*network.parameters(), *network.buffers()]
    best = [tensor.detach().clone() for tensor in state]
    lowest, waited, step = math.inf, 0, 0
    for _ in range(work.epochs):
        network.train()
        for inputs, targets in batches:
            optimizer.param_groups[0]["lr"] = one.learning_rate * math.exp(-work.decay_per_epoch * step / work.steps)
            optimizer.zero_grad()
            functional.cross_entropy(network(inputs), targets).backward()
            optimizer.step()
            step += 1
        loss = _loss(network, held_out, held_out_targets)
        waited += 1
        if loss < lowest:
            lowest, waited = loss, 0
            _copy(state, best)
        if waited >= work.patience:
            break
    _copy(best, state)
    return _score(network, rows[one.scored], work.targets[one.scored]), step


@torch.no_grad()
def _loss(network: nn.Module, rows: Tensor, targets: Tensor) -> float:
    network.eval()
    return float(functional.cross_entropy(network(rows), targets))


@torch.no_grad()
def _score(network: nn.Module, rows: Tensor, targets: Tensor) -> float:
    network.eval()
    return accuracy(network(rows), targets)


@torch.no_grad()
def _copy(source: list[Tensor], target: list[Tensor]) -> None:
    for one, other in zip(source, target, strict=True):
        other.copy_(one)
