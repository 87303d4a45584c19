"""Checks: a table `name -> Check`, in the order in which they are shown; names are those of section `check`."""

from collections.abc import Iterator

from foldproof.checks.finding import Finding, Status
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject

CHECKS: dict[str, Check] = {}


def check(subject: Subject) -> Iterator[Finding]:
    """Every check that is not off, one after the other, as each is done."""
    section = subject.params.check
    for name, row in CHECKS.items():
        block = getattr(section, name)
        if block.severity == "off":
            continue
        seen = row.look(subject, block)
        status: Status = "not applicable" if not seen.applies else block.severity if seen.advice else "ok"
        yield Finding(name, row.title, row.explains, status, seen.sentence, seen.advice, seen.figures)
