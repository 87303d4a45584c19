"""Decoding: the pixels that were drawn come out, whatever the file's mode; and what cannot be a row says why."""

import io
import struct
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from foldproof.data.schema import Colour, Decoding, Fit
from foldproof.data.sources.image_files import UnusableImageError, decode, look

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def how(colour: Colour = "rgb", size: tuple[int, int] = (4, 6), fit: Fit | None = None) -> Decoding:
    return Decoding(colour, size, fit)


def pattern(height: int = 4, width: int = 6, channels: int = 3) -> np.ndarray:
    return (np.arange(height * width * channels) ** 3 % 251).astype(np.uint8).reshape(height, width, channels)


@pytest.mark.parametrize("ending", ["png", "bmp", "PNG"])
def test_lossless_colours_come_out_channels_first(tmp_path: Path, ending: str) -> None:
    pixels = pattern()
    Image.fromarray(pixels).save(tmp_path / f"a.{ending}")
    assert np.array_equal(decode(tmp_path / f"a.{ending}", how()), pixels.transpose(2, 0, 1))


def test_a_jpeg_comes_out_nearly_as_it_was(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(32), np.arange(32))[..., None].repeat(3, 2).astype(np.uint8) * 3
    Image.fromarray(smooth).save(tmp_path / "a.jpeg", quality=95)
    decoded = decode(tmp_path / "a.jpeg", how(size=(32, 32)))
    assert np.abs(decoded.astype(int) - smooth.transpose(2, 0, 1)).max() <= 4


def test_a_jpeg_of_several_pictures_is_its_first(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (6, 4), (value,) * 3) for value in (40, 200))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert np.abs(decode(tmp_path / "a.jpg", how()).astype(int) - 40).max() <= 2


def test_a_jpeg_in_printing_colours_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (6, 4), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    assert look(tmp_path / "a.jpg") == ((4, 6), "rgb")
    red = decode(tmp_path / "a.jpg", how())[:, 0, 0].astype(int)
    assert np.abs(red - (255, 0, 0)).max() <= 6


def test_grey_of_colour_is_its_luma(tmp_path: Path) -> None:
    pixels = pattern()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(decode(tmp_path / "a.png", how("grey"))[0] - luma).max() <= 0.51


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    pixels = pattern(channels=1)[..., 0]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png", how()), np.stack([pixels] * 3))


def test_of_sixteen_bits_the_upper_eight_are_kept(tmp_path: Path) -> None:
    wide = np.array([[0, 255, 256], [0x1234, 0xFF00, 0xFFFF]], dtype=np.uint16)
    Image.fromarray(wide).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", how("grey", (2, 3))).tolist() == [[[0, 0, 1], [0x12, 255, 255]]]


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = (0, 128, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", how("grey", (1, 3)))[0, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_is_looked_up(tmp_path: Path, transparent: bool) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    if transparent:
        image.info["transparency"] = 0
    image.save(tmp_path / "a.png")
    first = [255, 255, 255] if transparent else [255, 0, 0]
    assert decode(tmp_path / "a.png", how(size=(1, 2)))[:, 0].T.tolist() == [first, [0, 0, 255]]


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("1", "grey"), ("L", "grey"), ("LA", "grey"), ("I;16", "grey"), ("RGB", "rgb"), ("RGBA", "rgb")],
)
def test_colour_is_known_from_the_header(tmp_path: Path, mode: str, colour: str) -> None:
    Image.new(mode, (6, 4)).save(tmp_path / "a.png")
    assert look(tmp_path / "a.png") == ((4, 6), colour)


@pytest.mark.parametrize(("palette", "colour"), [([9, 9, 9, 200, 200, 200], "grey"), ([9, 9, 9, 200, 0, 0], "rgb")])
def test_a_palette_of_greys_is_grey(tmp_path: Path, palette: list[int], colour: str) -> None:
    image = Image.new("P", (6, 4))
    image.putpalette(palette)
    image.save(tmp_path / "a.png")
    assert look(tmp_path / "a.png")[1] == colour


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    """By the EXIF standard: where the stored row 0 and column 0 belong."""
    upright = pattern(channels=1)[..., 0]
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(decode(tmp_path / "a.png", how("grey"))[0], upright)
    assert look(tmp_path / "a.png")[0] == (4, 6)


def test_shrinking_by_two_resizes_and_crops_as_said(tmp_path: Path) -> None:
    """Left third black, middle grey, right white: cropping to a square keeps the middle, resizing all of it."""
    wide = np.repeat(np.array([0, 100, 255], np.uint8), 40)[None].repeat(40, 0)
    Image.fromarray(wide).save(tmp_path / "a.png")
    cropped = decode(tmp_path / "a.png", how("grey", (20, 20), "crop"))[0]
    assert (cropped[:, 2:-2] == 100).all()
    stretched = decode(tmp_path / "a.png", how("grey", (20, 30), "resize"))[0]
    assert stretched[10, [2, 15, 27]].tolist() == [0, 100, 255]


@given(SIZES, SIZES, st.sampled_from(["resize", "crop"]))
def test_whatever_the_size_an_even_picture_stays_even(size: tuple[int, int], to: tuple[int, int], fit: Fit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        Image.new("RGB", size, (10, 20, 30)).save(path)
        decoded = decode(path, how(size=to, fit=fit))
    assert decoded.shape == (3, *to)
    assert (decoded == np.array([10, 20, 30])[:, None, None]).all()


def test_a_large_jpeg_shrinks_to_what_its_pixels_average(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(512), np.arange(512)).astype(np.float64) / 4
    Image.fromarray(smooth.astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
    decoded = decode(tmp_path / "a.jpg", how("grey", (16, 16), "resize"))[0]
    averaged = smooth.reshape(16, 32, 16, 32).mean(axis=(1, 3))
    assert np.abs(decoded - averaged)[1:-1, 1:-1].max() < 3


def content(form: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pattern(64, 64)).save(stream, form, **settings)
    return stream.getvalue()


def huge_png() -> bytes:
    """A few bytes whose header says 60,000 x 60,000 pixels."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(bytes(100))) + part(b"IEND", b"")


BAD: dict[str, tuple[str, bytes, str]] = {
    "zero bytes": ("a.png", b"", "is empty"),
    "no image": ("a.png", b"hello", "no PNG, JPEG or BMP"),
    "another format": ("a.png", content("GIF"), "no PNG, JPEG or BMP"),
    "wrong ending": ("a.jpg", content("PNG"), "is a PNG by its content, its name says JPEG"),
    "cut PNG": ("a.png", content("PNG")[:-200], "cannot be"),
    "cut JPEG": ("a.jpg", content("JPEG")[:-200], "cannot be"),
    "cut BMP": ("a.bmp", content("BMP")[:-200], "cannot be"),
    "header alone": ("a.png", content("PNG")[:40], "cannot be|no PNG"),
    "damaged inside": ("a.png", content("PNG")[:60] + bytes(300) + content("PNG")[360:], "cannot be"),
    "bomb": ("a.png", huge_png(), "too many pixels"),
    "another size": ("a.png", content("PNG"), r"is 64x64 pixels \(height x width\), needed: 4x6"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_a_row_says_why(tmp_path: Path, name: str) -> None:
    file, bad, told = BAD[name]
    (tmp_path / file).write_bytes(bad)
    with pytest.raises(UnusableImageError, match=told):
        decode(tmp_path / file, how())


def test_the_limit_of_pixels_is_a_limit_and_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    (tmp_path / "a.png").write_bytes(content("PNG"))
    with pytest.raises(UnusableImageError, match="too many pixels"):
        decode(tmp_path / "a.png", how(fit="resize"))


@given(st.binary(max_size=200), st.sampled_from([".png", ".jpg", ".bmp"]), st.sampled_from(["PNG", "JPEG", "BMP"]))
def test_no_file_makes_a_decoder_raise_anything_else(junk: bytes, ending: str, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(content(form)[:50] + junk)
        with suppress(UnusableImageError):
            decode(path, how(fit="resize"))
