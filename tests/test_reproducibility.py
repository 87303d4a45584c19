"""Files appear whole or not at all; hashes follow every byte and border."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from stat import S_ISDIR

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldproof.reproducibility import canonical_json, seed_of, sha256, sha256_of_file, sha256_of_tree, write_whole


@given(
    st.recursive(
        st.integers() | st.text() | st.booleans() | st.none(),
        lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    )
)
def test_canonical_json_is_json_and_depends_on_the_value_alone(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"loss": float("nan")})


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    write_whole(target, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{target}'"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_content_is_durable_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut would need: the whole content synced, then the rename, then the folder that holds the name."""
    done: list[tuple[str, int]] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        found = os.fstat(descriptor)
        done.append(("folder", found.st_ino) if S_ISDIR(found.st_mode) else ("bytes", found.st_size))

    def noted_replace(source: str | Path, target: str | Path) -> None:
        done.append(("rename", Path(source).stat().st_ino))
        replace(source, target)

    monkeypatch.setattr("os.fsync", noted_fsync)
    monkeypatch.setattr("os.replace", noted_replace)
    write_whole(tmp_path / "file", b"12345")
    assert done == [
        ("bytes", 5),
        ("rename", (tmp_path / "file").stat().st_ino),
        ("folder", tmp_path.stat().st_ino),
    ]


def test_whoever_reads_the_old_file_goes_on_reading_the_old_file(tmp_path: Path) -> None:
    """A new file takes the name; the old one is not written into, so no reader ever sees half of each."""
    write_whole(tmp_path / "file", "old")
    with (tmp_path / "file").open() as reader:
        write_whole(tmp_path / "file", "new")
        assert reader.read() == "old"
    assert (tmp_path / "file").read_text() == "new"


def test_what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    left = tmp_path / f".file.{dead.pid}.part"
    others = [tmp_path / f".file.{os.getppid()}.part", tmp_path / ".file.x.part", tmp_path / f".other.{dead.pid}.part"]
    for path in [left, *others]:
        path.touch()
    write_whole(tmp_path / "file", "new")
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "file", *others])


def test_folders_are_made_and_bytes_are_kept(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "c", b"\x00\r\n\xff")
    assert (tmp_path / "a/b/c").read_bytes() == b"\x00\r\n\xff"


def test_moving_a_border_changes_the_hash() -> None:
    assert sha256(b"ab", b"c") != sha256(b"a", b"bc") != sha256(b"abc")


def test_the_hash_of_a_tree_follows_names_and_content_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("1")
    before = sha256_of_tree([tmp_path / "src"], tmp_path)
    (tmp_path / "src/__pycache__").mkdir()
    (tmp_path / "src/__pycache__/a.pyc").write_text("junk")
    assert sha256_of_tree([tmp_path / "src", tmp_path / "src/a.py"], tmp_path) == before
    (tmp_path / "src/a.py").rename(tmp_path / "src/b.py")
    assert sha256_of_tree([tmp_path / "src"], tmp_path) != before


def test_seeds_are_small_and_differ() -> None:
    seeds = {seed_of("folds", 0, repeat) for repeat in range(1000)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_files_are_hashed_block_by_block_as_they_would_be_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldproof.reproducibility.BLOCK", 7)
    contents = {"a": b"", "b": b"0123456", "c": b"0123456789abcdef"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert sha256_of_file(tmp_path / name) == hashlib.sha256(content).hexdigest()
    chunks = [chunk for name, content in contents.items() for chunk in (name.encode(), content)]
    assert sha256_of_tree([tmp_path], tmp_path) == sha256(*chunks)
