"""What findings come to in a line, and the refusal that stops the pipeline."""

from collections.abc import Sequence

from foldproof.checks.finding import Finding
from foldproof.config.check import Check
from foldproof.config.closed import section_in
from foldproof.errors import CheckError

NAMES = {name for name, field in Check.model_fields.items() if section_in(field.annotation)}


def in_a_line(findings: Sequence[Finding]) -> str:
    """`Checks before training: 18 of 20 passed; warning: capacity; error: gradient; 1 not made`.

    What does not apply is left out. The names are those of section `check`.
    """
    looked_at = [one for one in findings if one.status != "not applicable"]
    if not looked_at:
        return "Checks before training: none"
    passed = sum(one.status == "ok" for one in looked_at)
    parts = [f"Checks before training: {passed} of {len(looked_at)} passed"]
    for status in ("warning", "error"):
        names = [one.check for one in looked_at if one.status == status]
        if names:
            parts.append(f"{status}: {', '.join(names)}")
    left_out = NAMES - {one.check for one in findings}
    if left_out:
        parts.append(f"{len(left_out)} not made")
    return "; ".join(parts)


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Raise CheckError where there is an error: each with its evidence, its advice, and how to go on all the same."""
    errors = [one for one in findings if one.status == "error"]
    if errors:
        raise CheckError(*(_problem(one) for one in errors), _way_on([one.check for one in errors]))


def _problem(finding: Finding) -> str:
    advice = (f"\n    {one.key}: {one.sentence}" for one in finding.advice)
    return f"{finding.check}: {finding.sentence}{''.join(advice)}"


def _way_on(names: list[str]) -> str:
    keys = ", ".join(f"check.{name}.severity" for name in names)
    return (
        "to train all the same: check.on_error: warn goes on in spite of every error; "
        f"{keys}: warning, in spite of {'this one' if len(names) == 1 else 'these'}"
    )
