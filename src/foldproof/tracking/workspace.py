"""Where runs are kept: at the main workspace, also for an experiment that DVC runs in a temporary folder below it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_JOURNAL = re.compile(r"(?P<digest>[0-9a-f]{16})-(?P<attempt>[1-9][0-9]*)\.jsonl")


@dataclass(frozen=True)
class Home:
    """The folder `.foldproof` of the main workspace; git and DVC ignore it."""

    workspace: Path  # absolute

    @property
    def folder(self) -> Path:
        """Journals, locks and files that MLflow has not received yet."""
        return self.workspace / ".foldproof"

    def journal(self, digest: str, attempt: int) -> Path:
        """The journal of the attempt (counted from 1) at what `digest` stands for."""
        return self.folder / "journal" / f"{digest[:16]}-{attempt}.jsonl"

    def newest_attempt(self, digest: str) -> int:
        """The highest attempt that has a journal, 0 where there is none."""
        return max((attempt for found, attempt, _ in self._named() if found == digest[:16]), default=0)

    def journals(self) -> list[Path]:
        """All journals, the one that was written last at the end."""
        return sorted((path for _, _, path in self._named()), key=lambda path: (path.stat().st_ctime_ns, path.name))

    def _named(self) -> list[tuple[str, int, Path]]:
        names = ((_JOURNAL.fullmatch(path.name), path) for path in (self.folder / "journal").glob("*.jsonl"))
        return [(match["digest"], int(match["attempt"]), path) for match, path in names if match]


def files_of(journal: Path) -> Path:
    """The folder with copies of the files that a journal speaks of, kept until MLflow has them."""
    return journal.with_suffix(".files")


def main_workspace(root: Path, environ: Mapping[str, str]) -> Path:
    """The checkout that the user works in, absolute.

    DVC sets DVC_ROOT to it for every stage, also in the temporary folder of `dvc exp run --temp` and `--queue`. A
    DVC_ROOT that `root` does not lie in was inherited from another project and is passed over. Without DVC it is the
    nearest folder above that DVC knows, outside of DVC's own temporary folders, else `root`.
    """
    here = root.resolve()
    named = environ.get("DVC_ROOT")
    if named and here.is_relative_to(Path(named).resolve()):
        return Path(named).resolve()
    for folder in (here, *here.parents):
        if folder.name == "exps" and folder.parent.name == "tmp" and folder.parent.parent.name == ".dvc":
            return folder.parents[2]
    for folder in (here, *here.parents):
        if (folder / ".dvc").is_dir():
            return folder
    return here
