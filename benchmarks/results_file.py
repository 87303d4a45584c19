"""The measured parts of RESULTS.md, each between its marks, and the machine that they were measured on."""

import os
import platform
from pathlib import Path

from foldproof.reproducibility import environment

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
VERSIONS = ("torch", "pytorch-lightning", "scikit-learn", "python", "cpu_capability")


def write(part: str, text: str) -> None:
    """Replace one measured part and leave the rest of the page."""
    start, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    before, _, rest = RESULTS.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    RESULTS.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def machine() -> str:
    """Processor, cores and versions in one line."""
    facts = environment()
    versions = ", ".join(f"{name} {facts[name]}" for name in VERSIONS)
    return f"{_processor()}, {os.cpu_count()} cores, no GPU used; {versions}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
