"""Checks: a table `name -> Check`, in the order in which they are shown; names are those of section `check`."""

from collections.abc import Iterator

from foldproof.checks.batches import BATCHES
from foldproof.checks.capacity import CAPACITY
from foldproof.checks.class_sizes import CLASS_SIZES
from foldproof.checks.constant_features import CONSTANT_FEATURES
from foldproof.checks.finding import Finding, Status
from foldproof.checks.finite_rows import FINITE_ROWS
from foldproof.checks.leaking_feature import LEAKING_FEATURE
from foldproof.checks.likeness import LIKENESS
from foldproof.checks.normalisation import NORMALISATION
from foldproof.checks.relation import RELATION
from foldproof.checks.row import Check
from foldproof.checks.same_classes import SAME_CLASSES
from foldproof.checks.subject import Subject

CHECKS: dict[str, Check] = {
    "finite_rows": FINITE_ROWS,
    "constant_features": CONSTANT_FEATURES,
    "normalisation": NORMALISATION,
    "batches": BATCHES,
    "class_sizes": CLASS_SIZES,
    "same_classes": SAME_CLASSES,
    "relation": RELATION,
    "leaking_feature": LEAKING_FEATURE,
    "likeness": LIKENESS,
    "capacity": CAPACITY,
}


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
