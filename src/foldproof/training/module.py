"""A population's descent as a LightningModule."""

import pytorch_lightning as pl
from torch import Tensor

from foldproof.training.checkpoints import Checkpoint
from foldproof.training.descent import Descent
from foldproof.training.population_optimizer import PopulationOptimizer


class PopulationModule(pl.LightningModule):
    """Hands Lightning the matrix to place, the optimizer to know, and the steps to take."""

    def __init__(self, descent: Descent, found: Checkpoint | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.descent = descent
        self.matrix = descent.matrix
        self.found = found

    def configure_optimizers(self) -> PopulationOptimizer:
        """One optimizer over the matrix, which Lightning has placed by now; all else follows it there."""
        self.descent.matrix = self.matrix
        self.descent.precision = self.trainer.precision_plugin.forward_context
        return self.descent.begin(self.found)

    def on_train_epoch_start(self) -> None:
        """Begin to add up this epoch's losses."""
        self.descent.begin_epoch()

    def training_step(self, orders: Tensor) -> None:
        """Some steps of the epoch, each on the rows of one `[P, B]` of `orders` `[steps, P, B]`.

        Lightning hands over many steps at once and leaves their optimization to us, because its hooks around a step
        cost as much as the step of a small network.
        """
        for index in orders:
            self.descent.step(index)
