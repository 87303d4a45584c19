"""One image file becomes one row: the same way for training and for predicting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Colour, Decoding, Fit

if TYPE_CHECKING:
    from PIL.Image import Image

# What an ending promises. A JPEG of several pictures, as telephones write them, is an MPO; its first picture counts.
FORMATS = {".png": ("PNG",), ".jpg": ("JPEG", "MPO"), ".jpeg": ("JPEG", "MPO"), ".bmp": ("BMP",)}
LEGAL = "PNG, JPEG or BMP"
GREY_MODES = ("1", "L", "LA", "I;16", "I")
MODES: dict[Colour, str] = {"grey": "L", "rgb": "RGB"}
ORIENTATION = 0x0112  # the EXIF tag; from 5 on height and width change places


class UnusableImageError(Exception):
    """Why a file cannot become a row, worded to follow its name."""


def decode(path: Path, decoding: Decoding) -> NDArray[np.uint8]:
    """The pixels of a PNG, JPEG or BMP file, `[C, H, W]` in [0, 255].

    It is turned upright as its EXIF data says. Of 16 bits the upper 8 are kept. What is transparent shows white. Grey
    is made of colour as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Another size is interpolated linearly, and where
    it shrinks averaged over the pixels that become one.

    Raises:
        UnusableImageError: empty, cut short, damaged, larger than Pillow's limit, of another format than its ending
            says, or of another size than needed where `decoding.fit` is None.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        if decoding.fit is not None:
            image.draft(None, (2 * max(decoding.size),) * 2)  # a far larger JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        size = upright.height, upright.width
        if decoding.fit is None and size != decoding.size:
            raise UnusableImageError(f"is {told(size)} pixels (height x width), needed: {told(decoding.size)}")
        plain = _on_white(_in_eight_bits(upright)).convert(MODES[decoding.colour])
        if decoding.fit is not None and size != decoding.size:
            plain = FITS[decoding.fit](plain, decoding.size)
        pixels = np.asarray(plain).reshape(*decoding.size, -1)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def look(path: Path) -> tuple[tuple[int, int], Colour]:
    """Height and width of the upright image, and whether it is in colour; only its header is read.

    Raises UnusableImageError.
    """
    with _opened(path) as image:
        turned = image.getexif().get(ORIENTATION, 1) >= 5
        return (image.width, image.height) if turned else (image.height, image.width), _colour_of(image)


def told(size: tuple[int, int]) -> str:
    """A size in words: height x width."""
    return f"{size[0]}x{size[1]}"


@contextmanager
def _opened(path: Path) -> "Iterator[Image]":
    """The image in a file, not yet decoded; whatever its decoder raises then becomes UnusableImageError."""
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size == 0:
            raise UnusableImageError("is empty (0 bytes)")
        with Image.open(path, formats=("PNG", "JPEG", "BMP")) as image:
            legal = FORMATS[path.suffix.lower()]
            if image.format not in legal:
                raise UnusableImageError(f"is a {image.format} by its content, its name says {legal[0]}; rename it")
            limit = Image.MAX_IMAGE_PIXELS
            if limit is not None and image.width * image.height > limit:
                raise Image.DecompressionBombError(f"{image.width * image.height} pixels, limit {limit}")
            yield image
    except UnusableImageError:
        raise
    except UnidentifiedImageError:
        raise UnusableImageError(f"is no {LEGAL} image, or damaged at its start") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImageError(f"has too many pixels, as decompression bombs have: {error}") from None
    except OSError as error:
        raise UnusableImageError(f"cannot be read: {error.strerror or error}") from None
    except Exception as error:  # a decoder that is handed nonsense raises whatever it stumbles over
        raise UnusableImageError(f"cannot be decoded: {type(error).__name__}: {error}") from None


def _colour_of(image: "Image") -> Colour:
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        return "grey" if (palette == palette[:, :1]).all() else "rgb"
    return "grey" if image.mode in GREY_MODES else "rgb"


def _in_eight_bits(image: "Image") -> "Image":
    """Pillow itself keeps the upper half of 16 bits in colour, but not in grey."""
    from PIL import Image

    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _stretched(image: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image

    return image.resize(size[::-1], Image.Resampling.BILINEAR)


def _cropped(image: "Image", size: tuple[int, int]) -> "Image":
    """The largest centred part with the proportions of `size`, stretched to it."""
    from PIL import Image, ImageOps

    return ImageOps.fit(image, size[::-1], Image.Resampling.BILINEAR)


FITS: dict[Fit, Callable[[Any, tuple[int, int]], Any]] = {"resize": _stretched, "crop": _cropped}
