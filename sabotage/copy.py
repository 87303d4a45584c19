"""A scratch copy of what the tests need of a checkout; the checkout itself is never touched."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

COPIED = (
    *("src", "pipeline", "tests", "docs"),
    *("pyproject.toml", "params.yaml", "dvc.yaml", "constraints.txt"),
)


@dataclass(frozen=True)
class Copy:
    """The copy, with a place beside it for what tests write."""

    root: Path
    scratch: Path

    def source(self, file: str) -> Path:
        """A file of the package."""
        return self.root / "src" / "foldproof" / file

    @contextmanager
    def holding(self, file: str, text: str) -> Iterator[None]:
        """The copy with another text in one file, put back afterwards."""
        path = self.source(file)
        before = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")


@contextmanager
def copy_of(checkout: Path) -> Iterator[Copy]:
    """A copy of a checkout's sources and tests in a temporary folder, which is removed at the end."""
    with TemporaryDirectory(prefix="sabotage-") as folder:
        root = Path(folder) / "checkout"
        root.mkdir()
        for name in COPIED:
            if (checkout / name).is_dir():
                shutil.copytree(checkout / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                shutil.copy2(checkout / name, root / name)
        yield Copy(root, Path(folder) / "written by tests")
