"""A picture of what augmentation does: training rows as they are, and as three steps would meet them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foldproof import randomness
from foldproof.config.data import Augment
from foldproof.data.augmentation import augment, strengths
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.reproducibility import write_whole

SHOWN = 8  # rows
STEPS = 3


def save_preview(dataset: Dataset, split: Split, section: Augment, path: str | Path) -> None:
    """Draw the first member's first training rows before augmentation and in three steps; raises ConfigError."""
    chosen = strengths(section, dataset.schema)
    member = split.members[0]
    rows = split.rows(0, Role.TRAINING)[:SHOWN]
    raw = torch.as_tensor(np.asarray(dataset.features[rows]), dtype=torch.float32).unsqueeze(0)
    key = randomness.key_of(member.seed, member.repeat, member.fold)
    strength = {name: torch.tensor([value]) for name, value in chosen.items()}
    changed = [augment(raw, strength, randomness.fold_in(key, step)[None]) for step in range(STEPS if chosen else 0)]
    lines = [raw[0].numpy(), *(one[0].numpy() for one in changed)]
    told = ", ".join(f"{name} {value:g}" for name, value in chosen.items()) or "augmentation is off"
    draw = _draw_images if dataset.schema.kind == "image" else _draw_table
    write_whole(path, draw(lines, f"Training rows before and after augmentation ({told})"))


def _draw_images(lines: list[NDArray[Any]], title: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.0 * lines[0].shape[0] + 1.2, 1.0 * len(lines) + 0.6), layout="constrained")
    axes = figure.subplots(len(lines), lines[0].shape[0], squeeze=False)
    low, high = float(lines[0].min()), float(max(lines[0].max(), lines[0].min() + 1))
    for index, line in enumerate(lines):
        for place, image in enumerate(line):
            cell = axes[index, place]
            shown = ((image - low) / (high - low)).clip(0, 1)
            cell.imshow(shown.transpose(1, 2, 0) if len(shown) == 3 else shown[0], cmap="gray_r", vmin=0, vmax=1)
            cell.set_xticks([])
            cell.set_yticks([])
        axes[index, 0].set_ylabel("as it is" if index == 0 else f"step {index - 1}", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return _png(FigureCanvasAgg(figure))


def _draw_table(lines: list[NDArray[Any]], title: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    columns = np.arange(lines[0].shape[1])
    for index, line in enumerate(lines):
        for place, row in enumerate(line[:3]):
            marker = "o" if index == 0 else "x"
            label = ("as it is" if index == 0 else f"step {index - 1}") if place == 0 else None
            axes.plot(columns, row, marker, color=f"C{index}", markersize=4, alpha=0.7, label=label)
    axes.set_yscale("symlog")
    axes.set_xlabel("column")
    axes.set_ylabel("raw value (symmetric log scale)")
    axes.legend(fontsize=8, ncols=4)
    axes.set_title(title, fontsize=10)
    return _png(FigureCanvasAgg(figure))


def _png(canvas: Any) -> bytes:
    buffer = BytesIO()
    canvas.figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
