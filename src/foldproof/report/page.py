"""The report: one self-contained HTML page, without scripts and without anything fetched from elsewhere.

`render` is pure: the same arguments give the same text. Names that come from data are escaped by jinja2.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldproof.checks.finding import Finding
from foldproof.data.schema import Schema
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.wording import counted, listed
from foldproof.report import rows
from foldproof.report.check_section import check_section
from foldproof.report.data_section import data_section
from foldproof.report.dots import lay_out
from foldproof.report.ensemble import names_left_out, size, who_is_left_out
from foldproof.report.information import Scalar, information
from foldproof.report.targets import target_rows, which_decides
from foldproof.report.what_next import what_next

if TYPE_CHECKING:
    from markupsafe import Markup

CAPTIONS = {
    "learning_curves": (
        "Learning curves",
        "Each member's loss in training and on its inner-validation rows, and its score there; the mark is "
        "the best "
        "epoch, whose weights were kept. Training loss is measured with dropout and augmentation on, so it "
        "may lie above.",
    ),
    "learning_rate": (
        "Learning rate",
        "The rate of each epoch's last step: one line where all members took the same course.",
    ),
    "step_sizes": (
        "Gradients and steps",
        "The norm of the gradient over all weights, before clipping, and by how much a step moves each layer's "
        "weights, beside their norm: mean over members, and their range. About 0.001 is usual once training is "
        "under way; a layer far below hardly learns, one far above jumps. Members that diverged are dashed, "
        "and in no mean.",
    ),
    "confusion": (
        "Which class is taken for which",
        "Counts of out-of-fold predictions: every row is predicted by a network that never saw it. Shade: "
        "share of the "
        "actual class.",
    ),
    "scatter": (
        "Predicted against actual",
        "Out-of-fold predictions: every row is predicted by a network that never saw it.",
    ),
    "reliability": (
        "Do the probabilities mean what they say?",
        "Out-of-fold predictions sorted by their highest probability into ten bins: the share that is right "
        "against the "
        "probability given, and how many predictions each bin holds.",
    ),
    "augmentation": (
        "What augmentation does",
        "Training rows as they are, and as the network met them.",
    ),
}


@dataclass(frozen=True)
class Picture:
    """An image of the page: title, caption and the PNG as a data URI."""

    name: str
    title: str
    caption: str
    source: str


def render(
    assessment: Assessment,
    schema: Schema,
    split_audit: dict[str, Any],
    params_flat: Mapping[str, Scalar],
    pictures: Mapping[str, Path],
    profile: dict[str, Any] | None = None,
    findings: Sequence[Finding] = (),
) -> str:
    """The page as text.

    `pictures` maps names (those of `evaluation.plots.pictures`, and augmentation) to PNG files; what is
    missing is left out. `fold_scores` is not shown, since the page draws it itself. `profile` is what
    stage prepare found out about the data, `findings` what stage check did.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    room = files("foldproof.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["coded"] = coded
    template = environment.from_string((room / "page.html").read_text(encoding="utf-8"))
    metric = assessment.metrics[0]
    params = dict(params_flat)
    return template.render(
        style=Markup((room / "page.css").read_text(encoding="utf-8")),
        assessment=assessment,
        metric=metric,
        mean=rows.mean_of(assessment),
        spread=rows.spread_of(assessment),
        interval=rows.headline_interval(assessment),
        counted=rows.counted(assessment),
        described=rows.described(assessment),
        verdict=rows.verdict_in_a_sentence(assessment),
        trust=rows.trust(assessment),
        confidence=rows.percent(assessment.confidence),
        marks=rows.MARKS,
        remarks=rows.remarks(assessment),
        dots=lay_out(assessment),
        folds=rows.folds(assessment),
        baselines=rows.baselines(assessment),
        test_set=rows.test_set(assessment),
        averaging=rows.averaging(assessment),
        curves=rows.curves(assessment),
        remarks_on_averaging=rows.remarks_on_averaging(assessment),
        pictures=_pictures(pictures),
        which_decides=which_decides(assessment),
        targets=target_rows(assessment) if assessment.targets else None,
        further=tuple(
            _further(one, assessment, _pictures(pictures, f"target_{number}_"))
            for number, one in enumerate(assessment.targets.values(), start=2)
        ),
        in_ensemble=counted(size(assessment), "network"),
        who_is_left_out=who_is_left_out(assessment),
        without_curve=listed(names_left_out(assessment) or ("",)),
        what_next=what_next(assessment, findings),
        before=check_section(findings) if findings else None,
        audit=rows.audit(split_audit),
        information=information(assessment, schema, split_audit, params),
        data=None if profile is None else data_section(profile),
        params=tuple((name, _as_yaml(value)) for name, value in params.items()),
        fingerprint=schema.fingerprint,
    )


def _further(assessment: Assessment, first: Assessment, pictures: dict[str, Picture]) -> dict[str, Any]:
    """What the page shows of a target that is not the first, without the checks that come out as they did there."""
    return {
        "assessment": assessment,
        "metric": assessment.metrics[0],
        "headline": rows.headline(assessment),
        "interval": rows.headline_interval(assessment),
        "verdict": rows.verdict_in_a_sentence(assessment),
        "remarks": tuple(check for check in rows.remarks(assessment) if check not in first.checks),
        "baselines": rows.baselines(assessment),
        "test_set": rows.test_set(assessment),
        "averaging": rows.averaging(assessment),
        "remarks_on_averaging": rows.remarks_on_averaging(assessment),
        "folds": rows.folds(assessment),
        "pictures": pictures,
    }


def coded(text: str) -> "Markup":
    """Escaped text in which what stands between backticks is marked as code."""
    from markupsafe import Markup, escape

    parts = enumerate(text.split("`"))
    return Markup("").join(
        Markup(
            "<code>{}</code>",
        ).format(one)
        if place % 2
        else escape(one)
        for place, one in parts
    )


def _as_yaml(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pictures(paths: Mapping[str, Path], prefix: str = "") -> dict[str, Picture]:
    """Those of the pictures with this prefix that the page has a caption for, by their names without it."""
    return {name: _picture(name, paths[prefix + name]) for name in CAPTIONS if prefix + name in paths}


def _picture(name: str, path: Path) -> Picture:
    title, caption = CAPTIONS[name]
    return Picture(name, title, caption, "data:image/png;base64," + b64encode(path.read_bytes()).decode())
