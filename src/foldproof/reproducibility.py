"""Same inputs, same bytes: canonical JSON, files that appear whole or not at all, and what the environment was.

Files that DVC hashes are written only through this module, so that none is ever visible half-written and two clones
write equal bytes.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from importlib import metadata
from pathlib import Path
from typing import Any

BLOCK = 2**20  # bytes of a file read at a time
PINNED = ("torch", "pytorch-lightning", "numpy", "scikit-learn", "pandas", "scipy", "mlflow", "dvc")


def canonical_json(value: object) -> str:
    """JSON text that depends on the value alone: sorted keys, two spaces, a final newline; NaN is refused."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds either its old bytes or all of the new ones, also after a power cut."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    _remove_what_the_killed_left(target)
    try:
        with beside.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except OSError as error:
        error.filename = error.filename or str(target)  # a full disk is told without it
        raise
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(target.parent)


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as canonical JSON, whole."""
    write_whole(path, canonical_json(value))


def read_json(path: str | Path) -> Any:
    """The value that a JSON file holds."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(*chunks: bytes) -> str:
    """Hexadecimal SHA-256 of the chunks; each is preceded by its length, so that moving a border changes the hash."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(len(chunk).to_bytes(8, "little"))
        digest.update(chunk)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, as `sha256sum` tells it; no more than a block is in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seed_of(*words: object) -> int:
    """A seed in [0, 2**31) for a library's own generator, from the words that name the draw."""
    return int(sha256(repr(words).encode())[:8], 16) & 0x7FFFFFFF


def sha256_of_tree(paths: Iterable[Path], root: Path) -> str:
    """`sha256` of name relative to `root` and content of each file at `paths` (folders are walked), block by block."""
    files: set[Path] = set()
    for path in paths:
        found = path.rglob("*") if path.is_dir() else [path]
        files.update(file for file in found if file.is_file() and "__pycache__" not in file.parts)
    named = sorted((file.relative_to(root).as_posix(), file) for file in files)
    digest = hashlib.sha256()
    for name, file in named:
        digest.update(len(name.encode()).to_bytes(8, "little") + name.encode())
        with file.open("rb") as stream:
            digest.update(os.fstat(stream.fileno()).st_size.to_bytes(8, "little"))
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """What decides the bits beside commit, data and plan: versions, platform, CPU capability, GPU."""
    import torch

    facts = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in PINNED:
        try:
            facts[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            facts[name] = "not installed"
    facts["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
    facts["gpu"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return facts


@contextmanager
def using_threads(number: int) -> Iterator[None]:
    """Let torch compute with this many CPU threads, which decides bits, and put its own number back afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _remove_what_the_killed_left(target: Path) -> None:
    """Files beside `target` that somebody was writing for it who lives no more."""
    for left in target.parent.glob(f".{escape(target.name)}.*.part"):
        try:
            os.kill(int(left.name.split(".")[-2]), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (OSError, ValueError):  # another user's process; another program's file
            continue


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder's files are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
