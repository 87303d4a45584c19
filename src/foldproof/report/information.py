"""The model information sheet: how leakage was kept out, item by item.

The items are those that Kapoor and Narayanan ("Leakage and the reproducibility crisis in
machine-learning-based science", 2023) and REFORMS (2024) ask of anyone who reports a score.
"""

from typing import Any

from foldproof.config.customary import Kind
from foldproof.config.preprocess import REACH, Preprocess
from foldproof.data.schema import Schema
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.baselines import baselines_for
from foldproof.evaluation.wording import counted
from foldproof.report.ensemble import size
from foldproof.report.rows import percent

HASHED = {"row": "'s values"}  # what the hash of a unit is taken of, where it is not its name
Scalar = str | int | float | bool


def information(
    assessment: Assessment, schema: Schema, audit: dict[str, Any], params: dict[str, Scalar]
) -> tuple[tuple[str, str], ...]:
    """Questions and answers."""
    return (
        ("Unit of splitting", _unit(audit, params)),
        ("Test set", _test_set(assessment, audit)),
        ("Folds", _folds(assessment, audit)),
        ("Duplicates", _duplicates(audit, schema)),
        ("Groups and time", _groups_and_time(audit, params)),
        ("Preprocessing", _preprocessing(schema.kind, params)),
        ("Feature selection", "None: every feature is used."),
        ("Augmentation", _augmentation(params)),
        (
            "Choices made on",
            "Each member's own inner-validation rows: its best epoch and when it stopped. Everything else "
            "is as "
            "params.yaml says; settings tried before are not counted here, the record of runs lists them.",
        ),
        ("Started from", _started_from(assessment)),
        ("Networks trained", _networks(assessment)),
        (
            "The model",
            f"The mean of the predictions of {counted(size(assessment), 'member')}; no network was refitted.",
        ),
        *_targets(assessment),
        *_weights(assessment),
        ("Baselines", _baselines(assessment, schema)),
        ("Intervals", _intervals(assessment)),
    )


def _unit(audit: dict[str, Any], params: dict[str, Scalar]) -> str:
    told = {"row": "A row.", "sentence": "A sentence.", "group": f"A {_group(params)}."}[audit["unit"]]
    told += " Rows with equal features travel together." if _are_joined(audit) else ""
    return told + (" Classes have equal shares in every fold." if audit["stratified"] else "")


def _group(params: dict[str, Scalar]) -> str:
    name = params.get("data.group")
    return f"group `{name}`" if name else "group"


def _groups_and_time(audit: dict[str, Any], params: dict[str, Scalar]) -> str:
    told: list[str] = []
    if audit["groups"] and audit["unit"] == "row":
        told.append(f"Rows were dealt without regard to the {audit['groups']} groups (split.kind {audit['kind']}).")
    elif audit["groups"]:
        what = "sentence" if audit["unit"] == "sentence" else _group(params)
        told.append(f"All rows of a {what} are on one side; there are {audit['groups']}.")
    if audit["ordered"]:
        told.append(
            "Each fold learns from rows that are earlier than all that it is scored on"
            + (f", by more than {audit['gap']:g} (split.gap)." if audit["gap"] else ".")
        )
    elif audit["timed"]:
        told.append(f"Rows were dealt without regard to their times (split.kind {audit['kind']}).")
    return " ".join(told) or (
        "None declared: rows count as independent. Where several rows are of one person, place or day, these figures "
        "are too good."
    )


def _test_set(assessment: Assessment, audit: dict[str, Any]) -> str:
    if assessment.test is None:
        return "None: split.test_share is 0." if not audit["test_share"] else "None: no hash is below split.test_share."
    rows = f"{audit['test_rows']} of {audit['rows']} rows"
    asked = f"({percent(audit['test_share'])} asked for)"
    return {
        "hash": f"{rows} {asked}, chosen by a hash of the {audit['unit']}{HASHED.get(audit['unit'], '')}, so that a "
        f"{audit['unit']} never changes side as data grows; scored once.",
        "latest": f"{rows} {asked}, the latest; scored once.",
        "given": f"{rows}, which came with the data; {audit['unused_rows']} others are used by nobody, since they "
        "equal one of these, are of its group, or are as late; scored once.",
    }[audit["test_set"]]


def _folds(assessment: Assessment, audit: dict[str, Any]) -> str:
    dealt = "stratified " if audit["stratified"] else "consecutive " if audit["ordered"] else ""
    inner = (
        f"; {percent(audit['inner_share'])} of each training part is inner validation" if "inner_share" in audit else ""
    )
    return f"{assessment.folds} {dealt}folds, dealt {_times(assessment.repeats)}, seed {audit['seed']}{inner}."


def _times(repeats: int) -> str:
    return "once" if repeats == 1 else f"{repeats} times"


def _are_joined(audit: dict[str, Any]) -> bool:
    """Whether equal rows are on one side: never by time, where an earlier one may be known."""
    return audit["duplicates"] == "together" and not audit["ordered"]


def _duplicates(audit: dict[str, Any], schema: Schema) -> str:
    if not audit["duplicate_rows"]:
        return "No two rows have the same features."
    told = f"{audit['duplicate_rows']} rows in {audit['duplicate_clusters']} groups" + (
        ", each group on one side of every split" if _are_joined(audit) else ", dealt one by one"
    )
    if schema.task == "classification":
        told += f"; {audit['conflicting_duplicates']} groups carry different labels"
    return f"{told}."


def _preprocessing(kind: Kind, params: dict[str, Scalar]) -> str:
    """The keys that act on such data: those that are always told, and of the rest what is not the default."""
    found = {name: params.get(f"preprocess.{name}", field.default) for name, field in Preprocess.model_fields.items()}
    told = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in found.items()
        if kind in REACH[name].kinds and (REACH[name].told or value != Preprocess.model_fields[name].default)
    ]
    listed = "; ".join(told)
    return (
        f"{listed[0].upper()}{listed[1:]}. Fitted on each member's training rows alone, never on inner-validation, "
        "scored or test rows."
    )


def _augmentation(params: dict[str, Scalar]) -> str:
    used = [
        f"{name.removeprefix('augment.')} {value}"
        for name, value in params.items()
        if name.startswith(
            "augment.",
        )
    ]
    active = [one for one in used if not one.endswith((" 0", " 0.0", " none", " False"))]
    return f"On training rows alone: {', '.join(active)}." if active else "None."


def _started_from(assessment: Assessment) -> str:
    start = assessment.started_from
    if start is None:
        return "Initial weights, drawn anew for every network."
    if start.fingerprint is None:
        data = "a file that does not say what it was trained on, so rows held out here may be among it"
    elif start.fingerprint == assessment.fingerprint:
        data = f"a model of the same data ({start.data}), each network from one that learnt from just its own rows"
    else:
        data = f"a model of other data ({start.data}); whether rows held out here were among it is not known"
    new = f"; anew: {', '.join(start.new)}" if start.new else ""
    until = f" for {start.unfreeze_epoch} epochs" if start.unfreeze_epoch else ""
    frozen = f" {start.freeze}{until}." if start.frozen else " Nothing stood still."
    told = f"Trained weights, SHA-256 {start.sha256[:16]}, of {data}. Loaded: {len(start.loaded)} tensors{new}."
    return f"{told}{frozen[0]}{frozen[1].upper()}{frozen[2:]}"


def _networks(assessment: Assessment) -> str:
    total = len(assessment.members)
    return f"{total}, from one seed ({assessment.members[0].seed}); every one of them is reported."


def _targets(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    if not assessment.targets:
        return ()
    named = ", ".join(one.target for one in assessment.every_target)
    told = (
        f"{named}: learnt together by one trunk with an output layer each, their losses added. {assessment.target} is "
        "the first: its score is the headline, and each target is compared with baselines of its own."
    )
    return (("Targets", told),)


def _weights(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    if not assessment.weighted:
        return ()
    told = (
        "Rows count by their weights in the loss, in training and where a member stops. In every score, and for the "
        "baselines, each row counts the same."
    )
    return (("Row weights", told),)


def _baselines(assessment: Assessment, schema: Schema) -> str:
    named = ", ".join(one.label for one in assessment.baselines)
    cut = [one.label for one in assessment.baselines if not one.converged]
    shown = " or ".join(dict.fromkeys(one.shown.told for one in baselines_for(schema) if not one.trivial))
    told = f"{named}; on {shown}, fitted on the same training parts, scored on the same rows."
    return f"{told} Did not converge: {', '.join(cut)}." if cut else told


def _intervals(assessment: Assessment) -> str:
    told = (
        f"{percent(assessment.confidence)}. Over folds: Student's t with the variance corrected for "
        "overlapping "
        "training sets (Nadeau and Bengio, 2003). The spread is the standard deviation over folds."
    )
    if assessment.test is None:
        return told
    return f"{told} On the test set: {assessment.test.scores[assessment.primary].method}."
