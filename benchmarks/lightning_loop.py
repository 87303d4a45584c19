"""The rival: k-fold cross-validation as people write it with Lightning, one Trainer after another.

It does the same job as foldproof's `train`: same rows, network, optimizer, batch size, augmentation, epochs,
patience; statistics from training rows alone; the best epoch chosen on inner validation. It is given every
advantage that its users would take: data in memory, no workers to feed, nothing logged in the steps, no
progress bar, no summary, validation in one large batch, vectorised augmentation, checkpoints of the weights.
"""

import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from foldproof.reproducibility import using_threads

Rows = NDArray[np.int64]
VALIDATED_AT_ONCE = 4096  # rows
MONITOR = "inner_validation_loss"


@dataclass(frozen=True)
class Settings:
    """What both sides are given; `shift` is in pixels, 0 for none."""

    epochs: int
    batch_size: int
    patience: int
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    minimum_improvement: float = 0.0
    label_smoothing: float = 0.0
    shift: float = 0.0
    decay_per_epoch: float = 0.0  # of an exponential schedule, stepped each batch
    seed: int = 0
    threads: int = 1
    accelerator: str = "cpu"


@dataclass(frozen=True)
class Outcome:
    """Wall time from the first fold's Trainer to the last fold's score, and a line a fold."""

    seconds: float
    accuracies: tuple[float, ...]
    epochs: tuple[int, ...]


class Classifier(pl.LightningModule):
    """One fold's network, with its own statistics."""

    center: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, center: Tensor, scale: Tensor, settings: Settings) -> None:
        super().__init__()
        self.network = network
        self.settings = settings
        self.register_buffer("center", center)
        self.register_buffer("scale", scale)

    def forward(self, rows: Tensor) -> Tensor:
        """Logits `[B, C]` of raw rows `[B, *shape]`."""
        return self.network((rows - self.center) / self.scale)  # type: ignore[no-any-return]

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Augment, normalise, and the loss."""
        rows, targets = batch
        if self.settings.shift:
            rows = random_shift(rows, self.settings.shift)
        return functional.cross_entropy(self(rows), targets, label_smoothing=self.settings.label_smoothing)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """What early stopping and the checkpoint look at."""
        rows, targets = batch
        self.log(MONITOR, functional.cross_entropy(self(rows), targets), batch_size=len(rows))

    def configure_optimizers(self) -> Any:
        """The optimizer and the schedule that both sides use."""
        optimizer = self.settings.optimizer(self.parameters())
        if not self.settings.decay_per_epoch:
            return optimizer
        steps = float(self.trainer.estimated_stepping_batches) / self.settings.epochs
        factor = math.exp(-self.settings.decay_per_epoch / steps)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def random_shift(rows: Tensor, reach: float) -> Tensor:
    """Move each image of `[B, C, H, W]` by up to `reach` pixels, interpolated linearly, zeros coming in."""
    batch, _, height, width = rows.shape
    moves = (2 * torch.rand(batch, 2) - 1) * reach
    transform = torch.eye(2, 3).repeat(batch, 1, 1)
    transform[:, :, 2] = 2 * moves / torch.tensor([width, height])
    grid = functional.affine_grid(transform, list(rows.shape), align_corners=False)
    return functional.grid_sample(rows, grid, padding_mode="zeros", align_corners=False)


def feature_statistics(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each feature (pixel) of `[n, *shape]`; 1 where it never varies."""
    deviation, mean = torch.std_mean(rows, dim=0, correction=0)
    return mean, torch.where(deviation > 0, deviation, 1.0)


def cross_validate(
    features: NDArray[Any],
    targets: NDArray[np.int64],
    folds: Sequence[tuple[Rows, Rows, Rows]],
    network: Callable[[], nn.Module],
    settings: Settings,
    statistics: Callable[[Tensor], tuple[Tensor, Tensor]] = feature_statistics,
) -> Outcome:
    """Train and score one network a fold.

    Args:
        features: raw rows `[N, *shape]`.
        targets: classes `[N]`.
        folds: for each fold the row numbers for training, inner validation and scoring.
        network: makes a fresh plain `nn.Module` from normalised rows to logits (with torch's own dropout).
        settings: what both sides are given.
        statistics: center and scale (which broadcast to `[*shape]`) of a fold's training rows.
    """
    raw, classes = torch.from_numpy(features).float(), torch.from_numpy(targets)
    accuracies, epochs = [], []
    with _quiet(), using_threads(settings.threads):
        started = time.perf_counter()
        for number, fold in enumerate(folds):
            training, inner, scored = (torch.from_numpy(rows) for rows in fold)
            pl.seed_everything(settings.seed + number, verbose=False)
            model = Classifier(network(), *statistics(raw[training]), settings)
            epochs.append(_fit(model, raw, classes, training, inner))
            accuracies.append(_accuracy(model, raw[scored], classes[scored]))
        seconds = time.perf_counter() - started
    return Outcome(seconds, tuple(accuracies), tuple(epochs))


def _fit(model: Classifier, features: Tensor, targets: Tensor, training: Tensor, inner: Tensor) -> int:
    """Fit, go back to the best epoch's weights, and say how many epochs were run."""
    settings = model.settings
    rows = TensorDataset(features[training], targets[training])
    held_out = TensorDataset(features[inner], targets[inner])
    with tempfile.TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor=MONITOR, save_top_k=1, save_weights_only=True)
        patience = EarlyStopping(MONITOR, min_delta=settings.minimum_improvement, patience=settings.patience)
        trainer = pl.Trainer(
            accelerator=settings.accelerator,
            devices=1,
            max_epochs=settings.epochs,
            callbacks=[best, patience],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(
            model,
            DataLoader(rows, settings.batch_size, shuffle=True, drop_last=True),
            DataLoader(held_out, VALIDATED_AT_ONCE),
        )
        model.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
    return trainer.current_epoch


@torch.no_grad()
def _accuracy(model: Classifier, rows: Tensor, targets: Tensor) -> float:
    model.eval()
    logits = model(rows.to(model.device))
    return float((logits.argmax(1).cpu() == targets).double().mean())


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
