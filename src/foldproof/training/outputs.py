"""What training leaves beside the model: learning curves and the predictions of the rows that scored each member."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.reproducibility import write_whole
from foldproof.training.cross_validation import Trained
from foldproof.training.events import EpochEnded, Event, FitStarted

if TYPE_CHECKING:
    import pandas as pd


class Curves:
    """A sink that keeps one line a member and epoch."""

    def __init__(self) -> None:
        self._score = ""
        self._lines: list[tuple[float, ...]] = []

    def __call__(self, event: Event) -> None:
        """Keep the figures of an epoch."""
        if isinstance(event, FitStarted):
            self._score = event.score
        elif isinstance(event, EpochEnded):
            columns = (
                event.training_loss,
                event.inner_validation_loss,
                event.inner_validation_score,
                event.learning_rate,
            )
            for member, *figures in zip(event.members, *columns, strict=True):
                self._lines.append((member.repeat, member.fold, event.epoch, *figures))

    def table(self) -> "pd.DataFrame":
        """Columns repeat, fold, epoch, training_loss, inner_validation_loss and _<score>, learning_rate."""
        import pandas as pd

        score = f"inner_validation_{self._score}"
        names = ["repeat", "fold", "epoch", "training_loss", "inner_validation_loss", score, "learning_rate"]
        return pd.DataFrame(self._lines, columns=names).sort_values(["repeat", "fold", "epoch"], ignore_index=True)

    def save(self, path: str | Path, path_of_means: str | Path) -> None:
        """Write the table and, for DVC's plots, its means over the members that still ran in each epoch, as CSV."""
        table = self.table()
        means = table.drop(columns=["repeat", "fold"]).groupby("epoch", as_index=False).mean()
        for content, where in ((table, path), (means, path_of_means)):
            write_whole(where, content.to_csv(index=False, lineterminator="\n"))


def out_of_fold_table(trained: Trained, dataset: Dataset, split: Split) -> "pd.DataFrame":
    """One line a row and repeat: row, repeat, fold, target, and p0, p1, ... (probabilities) or prediction.

    Of several targets each has its own columns, `target_<name>`, `p0_<name>` and so on.
    """
    import pandas as pd

    schema = dataset.schema
    targets = [dataset.view(place).targets for place in range(len(schema.targets))]
    parts = []
    for index, (member, predicted) in enumerate(zip(split.members, trained.out_of_fold, strict=True)):
        rows = split.rows(index, Role.SCORED)
        part = {
            "row": rows,
            "repeat": np.full(len(rows), member.repeat),
            "fold": np.full(len(rows), member.fold),
        }
        for place, own in enumerate(schema.apart(predicted)):
            part[schema.column(place, "target")] = np.asarray(targets[place][rows])
            names = (schema.column(place, name) for name in schema.targets[place].columns)
            part |= dict(zip(names, own.reshape(len(rows), -1).T, strict=True))
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True).sort_values(["repeat", "row"], ignore_index=True)


def save_out_of_fold(trained: Trained, dataset: Dataset, split: Split, path: str | Path) -> None:
    """Write the table as parquet, whole."""
    buffer = BytesIO()
    out_of_fold_table(trained, dataset, split).to_parquet(buffer, index=False)
    write_whole(path, buffer.getvalue())
