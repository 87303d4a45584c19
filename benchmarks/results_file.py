"""The measured parts of RESULTS.md, each between its marks, and the machine that they were measured on."""

import os
import platform
from importlib import metadata
from pathlib import Path

from foldproof.reproducibility import environment

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
VERSIONS = ("torch", "pytorch-lightning", "scikit-learn", "python", "cpu_capability")


def write(part: str, text: str) -> None:
    """Replace one measured part and leave the rest of the page."""
    start, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    before, found, rest = RESULTS.read_text(encoding="utf-8").partition(start)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{RESULTS}: the marks {start} and {end}, between which the part is written, are not there")
    RESULTS.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def machine(*more: str, gpu: bool = False) -> str:
    """Processor, cores and versions in one line; `more` packages than those that every measurement names."""
    facts = environment()
    versions = ", ".join(f"{name} {facts.get(name) or _version(name)}" for name in (*VERSIONS, *more))
    device = facts["gpu"] if gpu and facts["gpu"] != "none" else "no GPU used"
    return f"{_processor()}, {os.cpu_count()} cores, {device}; {versions}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
