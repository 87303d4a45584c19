"""The pipeline in one call, for notebooks: `from foldproof import cross_validate`, on the code that the stages run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foldproof.config import params_from

if TYPE_CHECKING:
    import pandas as pd

    from foldproof.evaluation.assessment import Assessment
    from foldproof.model.exported import ExportedModel


@dataclass(frozen=True)
class CrossValidation:
    """What `cross_validate` returns: the assessment, the model, and the tables behind them."""

    assessment: "Assessment"
    model: "ExportedModel"
    curves: "pd.DataFrame"
    out_of_fold: "pd.DataFrame"
    test_rows: NDArray[np.int64]

    def predict(self, features: ArrayLike) -> NDArray[Any]:
        """Mean class probabilities `[n, C]`, or values `[n]`, of raw rows shaped as those that were given.

        Of several targets all of these stand side by side, `[n, K]`; `predict_targets` has each by name. Raises
        DataError where rows have another shape.
        """
        from foldproof.model.served import rows_of_shape

        return self.model.predict(rows_of_shape(self.model.schema, features, "features"))

    def predict_targets(self, features: ArrayLike) -> dict[str, NDArray[Any]]:
        """As `predict`, `[n, C]` or `[n]` for each target by its name."""
        schema = self.model.schema
        each = schema.apart(self.predict(features))
        return {target.name: own for target, own in zip(schema.targets, each, strict=True)}

    def __str__(self) -> str:
        from foldproof.report.summary import markdown

        return markdown(self.assessment)


def cross_validate(
    features: ArrayLike,
    targets: ArrayLike | Mapping[str, ArrayLike],
    params: Mapping[str, Any] | None = None,
    *,
    name: str = "data",
    feature_names: Sequence[str] = (),
    progress: bool = True,
) -> CrossValidation:
    """Split, train all folds at once, and evaluate, as `dvc repro` does, in memory.

    Args:
        features: `[n, F]` numbers of a table, or `[n, H, W]` or `[n, C, H, W]` images.
        targets: `[n]` class labels or numbers; of several targets `[n, T]`, or each by its name. The first of them
            is the one that decides: its classes are dealt evenly, its metric is the headline.
        params: sections shaped like params.yaml, such as `{"train": {"epochs": 20}}`. A key that is left out takes
            what is customary for the kind of data, or its default; docs/params.md lists both.
        name: what the data is called in messages.
        feature_names: the columns of a table.
        progress: show the epochs as they pass.

    Raises:
        ConfigError, DataError, TrainingError: with every problem found, one a line. What is legal but seldom wanted
            is a Python warning.
    """
    from contextlib import nullcontext
    from warnings import warn

    from foldproof.config.warnings import warnings_of
    from foldproof.data.describing import describe
    from foldproof.data.splits import make_split
    from foldproof.data.statistics import fit_statistics, manifest_of
    from foldproof.evaluation.targets import assess_targets
    from foldproof.report.live import Display
    from foldproof.training.beginning import beginning_of
    from foldproof.training.cross_validation import train_members
    from foldproof.training.events import Sink
    from foldproof.training.outputs import Curves, out_of_fold_table

    values = {"schema": 1, **(params or {})}
    task = params_from(values).data.task
    wanted: Any = targets if isinstance(targets, Mapping) else np.asarray(targets)
    dataset = describe(name, np.asarray(features), wanted, task, feature_names=tuple(feature_names))
    chosen = params_from(values, kind=dataset.schema.kind, absent=True)
    for told in warnings_of(chosen.model, chosen.train, dataset.schema.task):
        warn(told, stacklevel=2)
    split = make_split(dataset, chosen.split, chosen.seed)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    beginning = beginning_of(chosen.model, chosen.train, dataset.schema, split, statistics.preprocessing)
    if progress:
        for line in beginning.lines():
            print(line)
    curves = Curves()
    with Display() if progress else nullcontext() as display:
        sinks: list[Sink] = [curves] if display is None else [curves, display]
        trained = train_members(
            dataset, split, statistics, chosen.model, chosen.train, chosen.augment, sinks, beginning=beginning
        )
    table = out_of_fold_table(trained, dataset, split)
    test_rows = split.test_rows()
    test = trained.model.predict_members(dataset.features[test_rows])[trained.model.trained]
    assessment, _ = assess_targets(
        dataset,
        split,
        table,
        trained.model,
        trained.without,
        test,
        chosen.evaluate,
        curves=curves.table(),
        statistics_manifest=manifest_of(statistics, split),
    )
    return CrossValidation(assessment, trained.model, curves.table(), table, test_rows)
