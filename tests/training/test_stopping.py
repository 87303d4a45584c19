"""Early stopping: every member waits for improvements of its own."""

import torch

from foldproof.training.stopping import Progress


def test_a_member_waits_for_an_improvement_of_its_own() -> None:
    losses = [[1.0, 1.0], [0.9, 1.1], [0.9, 0.5], [0.8, 0.6]]
    progress, seen = Progress.start(2), []
    for epoch, loss_of_members in enumerate(losses):
        progress = progress.after(epoch, torch.tensor(loss_of_members, dtype=torch.float64), 0.0)
        seen.append((progress.best_epoch.tolist(), progress.waited.tolist()))
    assert seen == [([0, 0], [0, 0]), ([1, 0], [0, 1]), ([1, 2], [1, 0]), ([3, 2], [0, 1])]


def test_an_improvement_must_be_as_large_as_asked() -> None:
    progress = Progress.start(1).after(0, torch.tensor([1.0], dtype=torch.float64), 0.1)
    progress = progress.after(1, torch.tensor([0.95], dtype=torch.float64), 0.1)
    assert (progress.best_epoch.item(), progress.waited.item()) == (0, 1)


def test_a_loss_that_is_not_a_number_is_no_improvement() -> None:
    assert Progress.start(1).after(0, torch.tensor([float("nan")], dtype=torch.float64), 0.0).best_epoch.item() == -1
