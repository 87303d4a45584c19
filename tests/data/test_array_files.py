"""Arrays that grow row by row are those that numpy would have saved at once, or are not there at all."""

from pathlib import Path

import numpy as np
import pytest

from foldproof.data.array_files import ArrayFiles, digest_of

FIRST = {"features": np.arange(12, dtype=np.float32).reshape(2, 2, 3), "targets": np.array([1, 0])}
SECOND = {"features": np.full((1, 2, 3), np.nan, dtype=np.float32), "targets": np.array([7])}


def test_chunks_make_the_bytes_that_numpy_writes(tmp_path: Path) -> None:
    with ArrayFiles(tmp_path / "grown") as files:
        for chunk in (FIRST, SECOND):
            files.append(chunk)
        files.close_whole()
    for name in FIRST:
        whole = np.concatenate([FIRST[name], SECOND[name]])
        np.save(tmp_path / "whole.npy", whole)
        grown = tmp_path / "grown" / f"{name}.npy"
        assert grown.read_bytes() == (tmp_path / "whole.npy").read_bytes()
        assert files.digests()[name] == digest_of(whole)
        assert np.array_equal(np.load(grown, mmap_mode="r"), whole, equal_nan=True)


def test_nothing_is_left_of_what_was_not_finished(tmp_path: Path) -> None:
    def fail() -> None:
        with ArrayFiles(tmp_path) as files:
            files.append(FIRST)
            raise RuntimeError("the third file is cut short")

    with pytest.raises(RuntimeError, match="cut short"):
        fail()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "other",
    [
        {"features": FIRST["features"]},
        {**FIRST, "targets": np.array([1])},
        {**FIRST, "features": FIRST["features"][:, :1]},
        {**FIRST, "targets": np.array([0.5, 1.5])},
    ],
)
def test_a_chunk_unlike_the_first_is_refused(other: dict[str, np.ndarray], tmp_path: Path) -> None:
    with ArrayFiles(tmp_path) as files:
        files.append(FIRST)
        with pytest.raises(ValueError, match=r"chunk|rows of shape|after"):
            files.append(other)
