"""Checks: a table `name -> Check`, in the order in which they are shown; names are those of section `check`."""

from collections.abc import Iterator

from foldproof.checks import (
    batches,
    capacity,
    class_sizes,
    constant_features,
    finite_rows,
    first_loss,
    gradient,
    gradients_of_layers,
    layers,
    leaking_feature,
    likeness,
    normalisation,
    outputs,
    rate_range,
    relation,
    same_classes,
    tiny_rows,
)
from foldproof.checks.finding import Finding, Status
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.errors import ConfigError

CHECKS: dict[str, Check] = {
    "finite_rows": finite_rows.CHECK,
    "constant_features": constant_features.CHECK,
    "normalisation": normalisation.CHECK,
    "batches": batches.CHECK,
    "class_sizes": class_sizes.CHECK,
    "same_classes": same_classes.CHECK,
    "relation": relation.CHECK,
    "leaking_feature": leaking_feature.CHECK,
    "likeness": likeness.CHECK,
    "capacity": capacity.CHECK,
    "outputs": outputs.CHECK,
    "first_loss": first_loss.FIRST_LOSS,
    "penalty": first_loss.PENALTY,
    "symmetry": gradients_of_layers.SYMMETRY,
    "signals": layers.SIGNALS,
    "dead_units": layers.DEAD_UNITS,
    "saturated_units": layers.SATURATED_UNITS,
    "gradient_flow": gradients_of_layers.GRADIENT_FLOW,
    "gradient": gradient.CHECK,
    "tiny_rows": tiny_rows.CHECK,
    "rate_range": rate_range.CHECK,
}


def check(subject: Subject) -> Iterator[Finding]:
    """Every check that is not off, one after the other, as each is done.

    Where params are such that no member can be made, the first check that needs one says so, and is the last.
    """
    section = subject.params.check
    for name, row in CHECKS.items():
        if getattr(section, name).severity == "off":
            continue
        try:
            yield finding_of(name, subject)
        except ConfigError as refusal:
            yield Finding(name, row.title, row.explains, "error", *_refused(refusal), {})
            return


def finding_of(name: str, subject: Subject) -> Finding:
    """What the check of this name finds; it weighs what section `check` says."""
    row, block = CHECKS[name], getattr(subject.params.check, name)
    seen = row.look(subject, block)
    status: Status = "not applicable" if not seen.applies else block.severity if seen.advice else "ok"
    return Finding(name, row.title, row.explains, status, seen.sentence, seen.advice, seen.figures)


def _refused(refusal: ConfigError) -> tuple[str, tuple[Advice, ...]]:
    """What is said of params that training would refuse: each problem begins with its key."""
    parts = [problem.partition(": ") for problem in refusal.problems]
    advice = tuple(Advice(key, sentence[:1].upper() + sentence[1:] + ".") for key, _, sentence in parts)
    return "no member can be made with these params, so that no later check was made", advice
