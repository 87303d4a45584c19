"""Several targets, assessed one by one: each as if it were the only one, the first as the one that decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.evaluate import Evaluate
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema, Target
from foldproof.data.splits import Split
from foldproof.evaluation.additions import MonteCarlo, what_averaging_added
from foldproof.evaluation.assess import assess
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.course import SCORES
from foldproof.metrics import names_for
from foldproof.model.exported import ExportedModel
from foldproof.model.without import Without

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


@dataclass(frozen=True)
class View:
    """One target alone: the rows, the out-of-fold predictions, and the members' predictions of the test rows."""

    dataset: Dataset
    out_of_fold: "pd.DataFrame"
    test_members: Array

    @classmethod
    def of(cls, dataset: Dataset, out_of_fold: "pd.DataFrame", test_members: Array, place: int) -> "View":
        """What there is about the target at `place`, under the names that it has where a target is alone."""
        own = dataset.schema.apart(test_members)[place]
        return cls(dataset.view(place), view_of_table(dataset.schema, out_of_fold, place), own)


def view_of_table(schema: Schema, table: "pd.DataFrame", place: int) -> "pd.DataFrame":
    """A table of predictions with the columns of the target at `place` alone, and under their plain names."""
    names = {schema.column(place, name): name for name in ("target", *schema.targets[place].columns)}
    others = {
        schema.column(other, name)
        for other, target in enumerate(schema.targets)
        for name in ("target", *target.columns)
        if other != place
    }
    return table.drop(columns=[name for name in others if name in table.columns]).rename(columns=names)


def assess_targets(
    dataset: Dataset,
    split: Split,
    out_of_fold: "pd.DataFrame",
    model: ExportedModel,
    without: Sequence[Without],
    test_members: Array,
    section: Evaluate,
    *,
    curves: "pd.DataFrame | None" = None,
    statistics_manifest: dict[str, Any] | None = None,
) -> tuple[Assessment, MonteCarlo | None]:
    """The assessment of the first target, which holds those of the others; and what masks showed of all side by side.

    Args:
        dataset: the rows, with all targets.
        split: who saw which row.
        out_of_fold: as `training.outputs` makes it.
        model: as exported.
        without: what it would be without averaging and snapshots.
        test_members: the members' predictions of the test rows.
        section: its primary metric is that of every target whose task has it; the others are judged by their default.
        curves: losses and scores epoch by epoch.
        statistics_manifest: which rows preprocessing was fitted on.

    Raises DataError where the predictions are not those of the split's members, ConfigError where the section is unfit.
    """
    assessments: list[Assessment] = []
    masked: list[MonteCarlo | None] = []
    for place, target in enumerate(dataset.schema.targets):
        view = View.of(dataset, out_of_fold, test_members, place)
        chosen = section if place == 0 else _fitting(section, target)
        alone = [replace(one, model=one.model.alone(place)) for one in without]
        added = what_averaging_added(model.alone(place), alone, view.dataset, split, view.test_members, chosen)
        found = assess(
            view.dataset.schema,
            split,
            view.dataset,
            view.out_of_fold,
            view.test_members,
            chosen,
            model.record,
            curves=curves if place == 0 else _without_scores(curves),
            statistics_manifest=statistics_manifest,
        )
        assessments.append(replace(found, averaging=added.additions))
        masked.append(added.monte_carlo)
    first, *others = assessments
    return replace(first, targets={one.target: one for one in others}), _side_by_side(masked)


def _fitting(section: Evaluate, target: Target) -> Evaluate:
    if section.primary_metric in ("auto", *names_for(target.task, target.classes)):
        return section
    return section.model_copy(update={"primary_metric": "auto"})


def _without_scores(curves: "pd.DataFrame | None") -> "pd.DataFrame | None":
    """The curves as they concern a further target: losses are of all of them, scores of the first alone."""
    if curves is None:
        return None
    return curves.drop(columns=[name for name in (f"inner_validation_{score}" for score in SCORES) if name in curves])


def _side_by_side(each: Sequence[MonteCarlo | None]) -> MonteCarlo | None:
    found = [one for one in each if one is not None]
    if len(found) < 2:
        return found[0] if found else None
    return MonteCarlo(*(_columns([getattr(one, name) for one in found]) for name in ("mean", "spread")))


def _columns(parts: Sequence[Array]) -> Array:
    """Predictions `[n, C]` or `[n]` of each target as `[n, K]`."""
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
