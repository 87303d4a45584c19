"""What training saw of gradients, steps and layers, as a table: one line a member, look and layer."""

from math import nan
from pathlib import Path

from foldproof.reproducibility import write_whole
from foldproof.training.events import Event, LayersWatched

COLUMNS = ("repeat", "fold", "epoch", "step", "layer", "loss", "gradient_norm", "learning_rate")
OF_LAYERS = ("update_ratio", "dead", "saturated")


class Watched:
    """A sink that keeps every look."""

    def __init__(self) -> None:
        self._lines: list[tuple[object, ...]] = []

    def __call__(self, event: Event) -> None:
        """Keep what was seen of each layer; weights, and layers without any, are lines of their own."""
        if not isinstance(event, LayersWatched):
            return
        columns = [getattr(event, name) for name in OF_LAYERS]
        layers = dict.fromkeys(layer for column in columns for layer in column)
        for place, member in enumerate(event.members):
            of_step = (event.loss[place], event.gradient_norm[place], event.learning_rate[place])
            for layer in layers:
                seen = (column[layer][place] if layer in column else nan for column in columns)
                self._lines.append((member.repeat, member.fold, event.epoch, event.step, layer, *of_step, *seen))

    def save(self, path: str | Path) -> None:
        """Write the table as CSV, by repeat, fold and step; empty where a figure is no number or was not asked for."""
        import pandas as pd

        table = pd.DataFrame(self._lines, columns=[*COLUMNS, *OF_LAYERS])
        table = table.sort_values(["repeat", "fold", "step"], kind="stable", ignore_index=True)
        write_whole(path, table.to_csv(index=False, lineterminator="\n"))
