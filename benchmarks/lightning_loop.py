"""The rival that people write with Lightning: one Trainer after another.

Tuned, it has every advantage that its users could take: rows in memory and cut into batches without a DataLoader,
normalised before training where nothing is drawn, fused Adam, nothing logged in the steps, no progress bar, no summary,
no logger, validation in one batch, checkpoints of the weights alone. Early stopping, best checkpoint and the learning
rate of every step are Lightning's own. `cross_validate_from_data_loader` is the same but for what Lightning's manual
shows and most of its users write: a DataLoader of a TensorDataset.
"""

import logging
import math
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from benchmarks.preprocessing import prepared
from benchmarks.tensor_batches import ShuffledBatches, WholeBatch
from benchmarks.work import Assignment, Outcome, Work, accuracy, seeded

MONITOR = "inner_validation_loss"


Loader = Callable[[Tensor, Tensor, int, int], Iterable[tuple[Tensor, Tensor]]]  # of rows, targets, batch size, steps


def cross_validate(work: Work, loader: Loader = ShuffledBatches) -> Outcome:
    """Train and score every network."""
    with _quiet():
        started = perf_counter()
        found = [_trained(work, one, loader) for one in work.assignments]
        return Outcome(perf_counter() - started, *zip(*found, strict=True))


def cross_validate_from_data_loader(work: Work) -> Outcome:
    """The same, fed row by row as the manual has it."""
    return cross_validate(work, data_loader)


def data_loader(rows: Tensor, targets: Tensor, batch_size: int, steps: int) -> Iterable[tuple[Tensor, Tensor]]:
    """Shuffled batches, as many as all sides take."""
    dataset = TensorDataset(rows, targets)
    return DataLoader(dataset, batch_size, sampler=RandomSampler(dataset, num_samples=steps * batch_size))


class Classifier(pl.LightningModule):
    """One network with its loss, its optimizer and its schedule."""

    def __init__(self, network: nn.Module, learning_rate: float, factor_of_a_step: float) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.factor_of_a_step = factor_of_a_step

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """The loss."""
        rows, targets = batch
        return functional.cross_entropy(self.network(rows), targets)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """What early stopping and the checkpoint look at."""
        rows, targets = batch
        self.log(MONITOR, functional.cross_entropy(self.network(rows), targets), batch_size=len(rows))

    def configure_optimizers(self) -> Any:
        """Adam and an exponential schedule, stepped each batch."""
        optimizer = torch.optim.Adam(self.network.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, self.factor_of_a_step)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _trained(work: Work, one: Assignment, loader: Loader) -> tuple[float, int]:
    """Fit one network, go back to its best checkpoint; accuracy on the scored rows, and steps."""
    seeded(one.seed)
    network, rows = prepared(work, one)
    model = Classifier(network, one.learning_rate, math.exp(-work.decay_per_epoch / work.steps))
    batches = loader(rows[one.training], work.targets[one.training], work.batch_size, work.steps)
    held_out = WholeBatch(rows[one.inner_validation], work.targets[one.inner_validation])
    with tempfile.TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor=MONITOR, save_top_k=1, save_weights_only=True)
        trainer = pl.Trainer(
            accelerator="gpu" if work.device == "cuda" else "cpu",
            devices=1,
            max_epochs=work.epochs,
            callbacks=[best, EarlyStopping(MONITOR, min_delta=0.0, patience=work.patience)],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        trainer.fit(model, batches, held_out)
        model.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
    return _score(network.to(work.device), rows[one.scored], work.targets[one.scored]), trainer.global_step


@torch.no_grad()
def _score(network: nn.Module, rows: Tensor, targets: Tensor) -> float:
    network.eval()
    return accuracy(network(rows), targets)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's greeting and its advice to use workers, which for rows in memory only cost time."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*number of training batches.*")
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # Lightning 2.6 under torch 2.13
            yield
    finally:
        logger.setLevel(level)
