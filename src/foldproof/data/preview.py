"""A picture of what augmentation does: training rows as they are, and as three steps would meet them.

Images are laid out with Pillow alone: in a stage this short, matplotlib's import would be a good part of the time.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.augment import Augment
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.reproducibility import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 8  # rows
STEPS = 3
CELL = 152  # pixels of the sheet for the longer side of an image
GAP = 10
LETTERS = 20  # height of the text in pixels


def save_preview(dataset: Dataset, split: Split, section: Augment, path: str | Path) -> None:
    """Draw the first member's first training rows before augmentation and in three steps; raises ConfigError."""
    raw = np.asarray(dataset.features[split.rows(0, Role.TRAINING)[:SHOWN]], dtype=np.float32)
    lines, told = [raw], "augmentation is off"
    if any(value for _, value in section):
        steps, told = _steps(raw, dataset, split, section)
        lines += steps
    draw = _draw_images if dataset.schema.kind == "image" else _draw_table
    write_whole(path, draw(lines, f"Training rows before and after augmentation ({told})"))


def _steps(
    raw: NDArray[np.float32], dataset: Dataset, split: Split, section: Augment
) -> tuple[list[NDArray[np.float32]], str]:
    """The rows as the first member meets them in its first steps, and what was done to them."""
    import torch

    from foldproof import randomness
    from foldproof.data.augmentation import augment, strengths

    chosen = strengths(section, dataset.schema)
    member = split.members[0]
    key = randomness.key_of(member.seed, member.repeat, member.fold)
    strength = {name: torch.tensor([value]) for name, value in chosen.items()}
    rows = torch.from_numpy(raw).unsqueeze(0)
    changed = [augment(rows, strength, randomness.fold_in(key, step)[None])[0].numpy() for step in range(STEPS)]
    return changed, ", ".join(f"{name} {value:g}" for name, value in chosen.items())


def _draw_images(lines: list[NDArray[Any]], title: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    pictures = _pictures(lines)
    width, height = pictures[0][0].size
    font = ImageFont.load_default(LETTERS)
    margin = 2 * GAP + max(round(font.getlength(_name(index))) for index in range(len(lines)))
    top = 2 * GAP + LETTERS
    needed = max(margin + len(pictures[0]) * (width + GAP), 2 * GAP + round(font.getlength(title)))
    sheet = Image.new("RGB", (needed, top + len(pictures) * (height + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((sheet.width / 2, top / 2), title, fill="black", font=font, anchor="mm")
    for index, line in enumerate(pictures):
        upper = top + index * (height + GAP)
        pen.text((margin - GAP, upper + height / 2), _name(index), fill="black", font=font, anchor="rm")
        for place, picture in enumerate(line):
            left = margin + place * (width + GAP)
            sheet.paste(picture, (left, upper))
            pen.rectangle((left - 1, upper - 1, left + width, upper + height), outline="black")
    buffer = BytesIO()
    sheet.save(buffer, format="png")
    return buffer.getvalue()


def _pictures(lines: list[NDArray[Any]]) -> list[list["Image"]]:
    """Images `[n, C, H, W]` of each line to fit a cell: three channels in colour, else the first one, high is dark."""
    from PIL import Image

    low, high = float(lines[0].min()), float(max(lines[0].max(), lines[0].min() + 1))
    channels, height, width = lines[0].shape[1:]
    longest = max(height, width)
    scale = CELL // longest if longest <= CELL else CELL / longest
    size = max(1, round(scale * width)), max(1, round(scale * height))
    method = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    found: list[list[Image.Image]] = []
    for line in lines:
        shares = ((line - low) / (high - low)).clip(0, 1)
        shades = shares.transpose(0, 2, 3, 1) if channels == 3 else 1 - shares[:, 0]
        found.append([Image.fromarray((255 * one).round().astype(np.uint8)).resize(size, method) for one in shades])
    return found


def _name(line: int) -> str:
    return "as it is" if line == 0 else f"step {line - 1}"


def _draw_table(lines: list[NDArray[Any]], title: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    columns = np.arange(lines[0].shape[1])
    for index, line in enumerate(lines):
        for place, row in enumerate(line[:3]):
            marker = "o" if index == 0 else "x"
            label = _name(index) if place == 0 else None
            axes.plot(columns, row, marker, color=f"C{index}", markersize=4, alpha=0.7, label=label)
    axes.set_yscale("symlog")
    axes.set_xlabel("column")
    axes.set_ylabel("raw value (symmetric log scale)")
    axes.legend(fontsize=8, ncols=4)
    axes.set_title(title, fontsize=10)
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
