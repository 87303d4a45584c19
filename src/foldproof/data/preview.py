"""A picture of what augmentation does: training rows as they are, and as three steps would meet them.

Images are laid out with Pillow alone: in a stage this short, matplotlib's import would be a good part of the time.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.augment import Augment
from foldproof.data.dataset import Dataset
from foldproof.data.preview_of_words import draw_words
from foldproof.data.splits import Role, Rows, Split
from foldproof.data.statistics import moments
from foldproof.reproducibility import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

SHOWN = 8  # rows
STEPS = 3
CELL = 152  # pixels of the sheet for the longer side of an image
GAP = 10
LETTERS = 20  # height of the text in pixels
SMALL_LETTERS = 16
UNBROKEN = "\u00a0"  # a space at which no line is broken


@dataclass(frozen=True)
class Line:
    """Rows of the picture's one line `[n, *shape]`, and lines of text below each, where targets are mixed."""

    name: str
    rows: NDArray[np.float32]
    captions: tuple[tuple[str, ...], ...] = ()


def save_preview(dataset: Dataset, split: Split, section: Augment, path: str | Path) -> None:
    """Draw the first member's first training rows before augmentation and in three steps; raises ConfigError."""
    shown = split.rows(0, Role.TRAINING)[:SHOWN]
    lines, told = [Line("as it is", np.asarray(dataset.features[shown], dtype=np.float32))], "augmentation is off"
    if any(value for _, value in section):
        lines, told = _lines(lines[0], shown, dataset, split, section)
    title = f"Training rows before and after augmentation ({told})"
    if dataset.schema.kind == "image":
        write_whole(path, _draw_images(lines, title))
    elif dataset.schema.kind == "text":
        words = [(line.name, line.rows[..., 0]) for line in lines]
        write_whole(path, draw_words(words, dataset.schema.columns[0], title))
    else:
        mean, deviation = moments(dataset, split.rows(0, Role.TRAINING), "feature")
        write_whole(path, _draw_table([(line.name, (line.rows - mean) / deviation) for line in lines], title))


def _lines(raw: Line, shown: Rows, dataset: Dataset, split: Split, section: Augment) -> tuple[list[Line], str]:
    """The rows, also as the first member meets them in its first steps, and what was done to them."""
    import torch

    from foldproof import randomness
    from foldproof.data.augmentation import augment, measured, mix, strengths

    chosen = strengths(section, dataset.schema)
    member = split.members[0]
    key = randomness.key_of(member.seed, member.repeat, member.fold)
    strength = {name: torch.tensor([value]) for name, value in chosen.items()}
    found = measured(chosen, dataset, [split.rows(0, Role.TRAINING)])
    measures = {name: torch.from_numpy(value).float() for name, value in found.items()}
    labels = [_label(dataset, row) for row in shown]
    lines = [raw]
    for step in range(STEPS):
        keys = randomness.fold_in(key, step)[None]
        changed = augment(torch.from_numpy(raw.rows).unsqueeze(0), strength, keys, measures)
        changed, mixed = mix(changed, strength, keys)
        captions: tuple[tuple[str, ...], ...] = ()
        if mixed:
            pairs = zip(mixed.share[0].tolist(), mixed.partner[0].tolist(), labels, strict=True)
            captions = tuple(
                (f"{share:.0%} of {own}", f"{1 - share:.0%} of {labels[other]}") for share, other, own in pairs
            )
            lines[0] = Line(raw.name, raw.rows, tuple((label,) for label in labels))
        lines.append(Line(f"step {step}", changed[0].numpy(), captions))
    return lines, ", ".join(f"{name}{UNBROKEN}{value:g}" for name, value in chosen.items())


def _label(dataset: Dataset, row: int) -> str:
    target, classes = np.ravel(dataset.targets[row])[0], dataset.schema.classes  # the first one's, of several
    return classes[int(target)] if classes else f"{target:.4g}"


def _draw_images(lines: list[Line], title: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    pictures = _pictures([line.rows for line in lines])
    width, height = pictures[0][0].size
    font, small = (ImageFont.load_default(size) for size in (LETTERS, SMALL_LETTERS))
    below = [max((len(caption) for caption in line.captions), default=0) * (SMALL_LETTERS + 3) for line in lines]
    cell = CELL if any(below) else width
    margin = 2 * GAP + max(round(font.getlength(line.name)) for line in lines)
    across = margin + len(pictures[0]) * (cell + GAP)
    titles = _wrapped(title, max(across, 4 * CELL) - 2 * GAP, font)
    needed = max(across, *(2 * GAP + round(font.getlength(one)) for one in titles))
    upper = 2 * GAP + LETTERS + (len(titles) - 1) * (LETTERS + 4)
    sheet = Image.new("RGB", (needed, upper + len(lines) * (height + GAP) + sum(below)), "white")
    pen = ImageDraw.Draw(sheet)
    for place, one in enumerate(titles):
        middle = GAP + LETTERS / 2 + place * (LETTERS + 4)
        pen.text((sheet.width / 2, middle), one, fill="black", font=font, anchor="mm")
    for line, row, space in zip(lines, pictures, below, strict=True):
        pen.text((margin - GAP, upper + height / 2), line.name, fill="black", font=font, anchor="rm")
        for place, picture in enumerate(row):
            left = margin + place * (cell + GAP)
            sheet.paste(picture, (left, upper))
            pen.rectangle((left - 1, upper - 1, left + width, upper + height), outline="black")
            for text, told in enumerate(line.captions[place] if line.captions else ()):
                where = left, upper + height + 3 + text * (SMALL_LETTERS + 3)
                pen.text(where, _cut(told, cell, small), fill="black", font=small, anchor="la")
        upper += height + GAP + space
    buffer = BytesIO()
    sheet.save(buffer, format="png")
    return buffer.getvalue()


def _wrapped(text: str, width: int, font: "FreeTypeFont | ImageFont") -> list[str]:
    """Lines of whole words, none wider than `width` pixels unless a word is."""
    lines: list[str] = []
    for word in (word.replace(UNBROKEN, " ") for word in text.split(" ")):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, width: int, font: "FreeTypeFont | ImageFont") -> str:
    """The text, its end left out where it is wider than `width` pixels."""
    kept = len(text)
    while font.getlength(text[:kept]) > width:
        kept -= 1
    return text[:kept]


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


def _draw_table(lines: list[tuple[str, NDArray[Any]]], title: str) -> bytes:
    """The first rows `[n, F]` of each line, in standard deviations from the means of the columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    columns = np.arange(lines[0][1].shape[1])
    for index, (name, rows) in enumerate(lines):
        for place, row in enumerate(rows[:3]):
            marker = "o" if index == 0 else "x"
            label = name if place == 0 else None
            axes.plot(columns, row, marker, color=f"C{index}", markersize=4, alpha=0.7, label=label)
    axes.set_xlabel("column")
    axes.set_ylabel("standard deviations from the mean")
    axes.legend(fontsize=8, ncols=4)
    axes.set_title(title, fontsize=10, wrap=True)
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
