"""The rival of scikit-learn's users: skorch's NeuralNetClassifier under `cross_validate`, one network after another.

Its own callbacks do the work: early stopping with the best epoch's weights in memory (no files), the learning rate of
every step, the validation loss. What only costs time is off: printing, the validation accuracy, the record of the
learning rate, the DataLoader. Each fold's inner validation is given by `predefined_split`, so `cross_validate` is
called with one fold at a time, which costs it nothing; its `n_jobs` is left alone, as every side here is one process.
"""

import math
from time import perf_counter
from typing import Any

import torch
from sklearn.model_selection import cross_validate as cross_validate_of_sklearn
from skorch import NeuralNetClassifier  # type: ignore[import-untyped]
from skorch.callbacks import EarlyStopping, LRScheduler  # type: ignore[import-untyped]
from skorch.dataset import Dataset  # type: ignore[import-untyped]
from skorch.helper import predefined_split  # type: ignore[import-untyped]
from torch import Tensor, nn

from benchmarks.preprocessing import prepared
from benchmarks.tensor_batches import ShuffledBatches, WholeBatch
from benchmarks.work import Assignment, Outcome, Work, seeded


def cross_validate(work: Work) -> Outcome:
    """Train and score every network."""
    started = perf_counter()
    found = [_trained(work, one) for one in work.assignments]
    return Outcome(perf_counter() - started, *zip(*found, strict=True))


def training_batches(dataset: Any, batch_size: int, steps: int) -> ShuffledBatches:
    """What skorch asks for batches to train on."""
    return ShuffledBatches(*_tensors(dataset), batch_size, steps)


def one_batch(dataset: Any, batch_size: int) -> WholeBatch:  # noqa: ARG001
    """What skorch asks for rows to validate or predict."""
    return WholeBatch(*_tensors(dataset))


def _tensors(dataset: Any) -> tuple[Tensor, Tensor]:
    """The arrays of skorch's data set as tensors of the same memory; rows to predict have no targets."""
    rows = torch.as_tensor(dataset.X)
    return rows, torch.zeros(len(rows)) if dataset.y is None else torch.as_tensor(dataset.y)


def _trained(work: Work, one: Assignment) -> tuple[float, int]:
    """Fit one network and score it at its best epoch; accuracy on the scored rows, and steps."""
    seeded(one.seed)
    network, tensor = prepared(work, one)
    rows, targets = tensor.numpy(), work.targets.numpy()
    training, inner, scored = (part.numpy() for part in (one.training, one.inner_validation, one.scored))
    schedule = LRScheduler(
        torch.optim.lr_scheduler.ExponentialLR,
        gamma=math.exp(-work.decay_per_epoch / work.steps),
        step_every="batch",
        event_name=None,
    )
    net = NeuralNetClassifier(
        network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        lr=one.learning_rate,
        max_epochs=work.epochs,
        batch_size=work.batch_size,
        iterator_train=training_batches,
        iterator_train__steps=work.steps,
        iterator_valid=one_batch,
        train_split=predefined_split(Dataset(rows[inner], targets[inner])),
        callbacks=[schedule, EarlyStopping(patience=work.patience, threshold=0, load_best=True)],
        callbacks__valid_acc=None,
        callbacks__print_log=None,
        verbose=0,
        device=work.device,
    )
    result = cross_validate_of_sklearn(
        net, rows, targets, cv=[(training, scored)], scoring="accuracy", return_estimator=True
    )
    history = result["estimator"][0].history
    return float(result["test_score"][0]), sum(history[:, "train_batch_count"])
