"""Sparse Adam against torch's on a plain embedding, full batches, and who trains together."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from foldproof.data.splits import Role
from foldproof.model.stacked import stack
from foldproof.training.elements import Elements
from foldproof.training.members import kinds_of, make_data
from foldproof.training.plan import Work, make_plan
from foldproof.training.population_optimizer import Rates
from tests.training.descent import optimizer_over, steady, together
from tests.training.setting import digits, params, split_of

WORDS, WIDTH, CLASSES = 12, 3, 2


class Bag(nn.Module):
    """Two words a row, their embeddings side by side, one linear layer."""

    def __init__(self, sparse: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH, sparse=sparse)
        self.head = nn.Linear(2 * WIDTH, CLASSES)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.head(self.words(inputs.long()).flatten(1))
        return outputs


def bag(member: int, sparse: bool = False) -> Bag:
    network = Bag(sparse).double()
    with torch.no_grad():
        for place, parameter in enumerate(network.parameters()):
            values = torch.arange(parameter.numel(), dtype=torch.float64) * 0.37 + place + member
            parameter.copy_(values.sin().reshape(parameter.shape))
    return network


def batch(step: int, member: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two rows of words, of which a step meets few, and other members others."""
    words = torch.tensor([[(3 * step + member) % WORDS, (step * step) % WORDS], [step % 4, 7]])
    return words.double(), torch.tensor([step % 2, 1])


def test_sparse_adam_is_torchs_on_a_plain_embedding_and_adam_beside_it() -> None:
    rates = together([0.01, 0.1])
    network, matrix_of_members, buffers = stack([bag(member) for member in range(2)])
    matrix = nn.Parameter(matrix_of_members)
    elements = Elements.of(network)
    assert elements.embeddings == ((0, WORDS, WIDTH),)
    optimizer = optimizer_over("sparse_adam", matrix, Rates(rates, steady), elements)
    plain = [bag(member, sparse=True) for member in range(2)]
    theirs = [
        (torch.optim.SparseAdam(one.words.parameters(), rate), torch.optim.Adam(one.head.parameters(), rate))
        for one, rate in zip(plain, rates.tolist(), strict=True)
    ]
    for step in range(40):
        batches = [batch(step, member) for member in range(2)]
        optimizer.zero_grad()
        outputs = network(matrix, buffers, torch.stack([words for words, _ in batches]))
        losses = [F.cross_entropy(outputs[member], batches[member][1]) for member in range(2)]
        torch.stack(losses).sum().backward()
        optimizer.step()
        for one, pair, (words, targets) in zip(plain, theirs, batches, strict=True):
            one.zero_grad()
            F.cross_entropy(one(words), targets).backward()
            for each in pair:
                each.step()  # type: ignore[no-untyped-call]
    wanted = torch.stack([torch.cat([p.detach().reshape(-1) for p in one.parameters()]) for one in plain])
    assert torch.allclose(matrix.detach(), wanted, rtol=1e-10, atol=1e-12)


def test_the_output_layer_is_the_one_that_owns_the_last_parameter() -> None:
    network, _, _ = stack([bag(0)])
    elements = Elements.of(network)
    table, layer = WORDS * WIDTH, 2 * WIDTH * CLASSES
    assert elements.head.tolist() == [0.0] * table + [1.0] * (layer + CLASSES)
    assert elements.weights.tolist() == [0.0] * table + [1.0] * layer + [0.0] * CLASSES
    assert elements.units == ((table, CLASSES, 2 * WIDTH),)


def full(**train: Any) -> Any:
    """Two times seven folds of 155 rows, which leaves training sets that differ in size."""
    chosen = params(
        split={"folds": 7, "repeats": 2, "inner_share": 0.1},
        train={"batch_size": "full", "optimizer": {"name": "sgd"}, **train},
    )
    dataset = digits(155)
    return dataset, split_of(dataset, chosen), chosen


def test_a_full_batch_is_all_rows_of_a_member_and_no_other_one_step_an_epoch() -> None:
    dataset, split, _ = full()
    assert split.steps_per_epoch("full") == 1
    data = make_data(dataset, split, (2,), "full", 1)
    steps = data.epoch(0)
    assert steps.shape[:2] == (1, 1)
    assert sorted(steps[0, 0].tolist()) == split.rows(2, Role.TRAINING).tolist()


def test_a_thousand_rows_in_batches_of_a_hundred_are_ten_steps_and_all_at_once_are_one() -> None:
    dataset = digits(1797)
    split = split_of(dataset, params())
    split.roles[:] = Role.SCORED
    split.roles[:, :1000] = Role.TRAINING
    assert [split.steps_per_epoch(size) for size in (100, 1, 1000, "full")] == [10, 1000, 1, 1]


def test_members_whose_training_sets_differ_in_size_do_not_train_full_batches_together() -> None:
    dataset, split, chosen = full()
    sizes = split.training_sizes()
    assert len(set(sizes)) > 1
    kinds = kinds_of(split, chosen.train)
    plan = make_plan(work(14, kinds), "cpu", "fp32", "auto", "auto")
    assert all(len({sizes[index] for index in members}) == 1 for members in plan.populations)
    assert len(plan.populations) == len(set(sizes))
    assert sorted(index for members in plan.populations for index in members) == list(range(14))
    with pytest.raises(ValueError, match="one size"):
        make_data(dataset, split, tuple(range(14)), "full", 1)


def test_line_searches_run_alone_whatever_the_size() -> None:
    _, split, chosen = full(optimizer={"name": "lbfgs"})
    plan = make_plan(work(14, kinds_of(split, chosen.train)), "cpu", "fp32", "auto", "auto")
    assert plan.populations == tuple((index,) for index in range(14))


def test_several_workers_share_what_may_be_together() -> None:
    plan = make_plan(work(6, (5, 4, 5, 5, 4, 5)), "cpu", "fp32", "auto", "auto", "workers", 2)
    assert plan.populations == ((0, 2), (3, 5), (1, 4))


def work(members: int, kinds: tuple[int, ...]) -> Work:
    return Work(members, parameters=100, batch_size=10, row=1, rows=10, kinds=kinds)


def test_the_model_has_its_members_in_the_order_of_the_split() -> None:
    """However they were packed, the record, the weights and the scored rows are each member's own."""
    from foldproof.data.statistics import fit_statistics
    from foldproof.training.cross_validation import train_members

    dataset, split, chosen = full(epochs=2, accelerator="cpu", engine="in_process", threads=1)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    model = chosen.model.model_copy(update={"name": "linear"})
    trained = train_members(dataset, split, statistics, model, chosen.train, chosen.augment)
    assert len(trained.model.record["plan"]["populations"]) > 1
    assert [(one["repeat"], one["fold"]) for one in trained.model.record["members"]] == [
        (repeat, fold) for repeat in range(2) for fold in range(7)
    ]
    for index in (0, 6, 7, 13):
        rows = dataset.features[split.rows(index, Role.SCORED)]
        alone = trained.model.predict_members(rows)[index]
        assert torch.allclose(torch.from_numpy(alone), torch.from_numpy(trained.out_of_fold[index]), atol=1e-6)
