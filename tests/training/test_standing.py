"""Who goes on keeps what is known of them, wherever their place moves, and through a checkpoint."""

import torch

from foldproof.training.checkpoints import Checkpoint
from foldproof.training.standing import Standing


def after_two_epochs() -> Standing:
    """Of four members, each with losses of its own; the second and the third are done."""
    standing = Standing.start(torch.tensor([4.0, 3.0, 2.0, 1.0]))
    for epoch, losses in enumerate(([0.4, 0.3, 0.2, 0.1], [0.3, 0.4, 0.1, 0.2])):
        standing.progress = standing.progress.after(epoch, torch.tensor(losses, dtype=torch.float64), 0.0)
    standing.done |= {1, 2}
    return standing


def test_everybody_runs_at_first() -> None:
    assert Standing.start(torch.ones(3)).running == {0: 0, 1: 1, 2: 2}


def test_those_who_go_on_move_together_with_what_is_known_of_them() -> None:
    standing = after_two_epochs()
    assert standing.running == {0: 0, 3: 3}
    assert standing.compact() == [0, 3]
    assert standing.running == {0: 0, 1: 3}
    assert standing.first_loss.tolist() == [4.0, 1.0]
    assert standing.progress.best_loss.tolist() == [0.3, 0.1]
    assert standing.progress.best_epoch.tolist() == [1, 0]
    standing.done.add(3)
    assert standing.compact() == [0]
    assert (standing.alive, standing.done) == ([0], {1, 2, 3})


def test_a_checkpoint_gives_it_back() -> None:
    standing = after_two_epochs()
    standing.compact()
    found = Standing.of(Checkpoint(2, standing.tensors(), standing.facts()))
    assert found.facts() == standing.facts() == {"alive": [0, 3], "done": [1, 2]}
    assert found.tensors().keys() == standing.tensors().keys()
    assert all(torch.equal(found.tensors()[name], value) for name, value in standing.tensors().items())
