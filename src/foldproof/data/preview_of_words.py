"""The preview of text: windows of words as they are, and as some steps would meet them."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Column

LETTERS = 16  # height of the text in pixels
GAP = 8
NO_WORD, HIDDEN = "\u00b7", "?"


def draw_words(lines: Sequence[tuple[str, NDArray[Any]]], column: Column, title: str) -> bytes:
    """A PNG with a block a line: its name, then rows of codes `[n, W]` of the column as words."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(LETTERS)
    told = [title, NO_WORD + " no word, " + HIDDEN + " unknown"]
    for name, windows in lines:
        told += ["", name, *("    " + "   ".join(_word(code, column) for code in window) for window in windows)]
    width = 2 * GAP + max(round(font.getlength(line)) for line in told)
    sheet = Image.new("RGB", (width, 2 * GAP + len(told) * (LETTERS + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    for place, line in enumerate(told):
        pen.text((GAP, GAP + place * (LETTERS + GAP)), line, fill="black", font=font)
    buffer = BytesIO()
    sheet.save(buffer, format="png")
    return buffer.getvalue()


def _word(code: np.floating[Any], column: Column) -> str:
    if code < 0:
        return HIDDEN
    return column.values[int(code)] if code < len(column.values) else NO_WORD
