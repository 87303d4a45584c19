"""From a split by time to the assessment: the first block is never scored, and baselines see no later row either."""

import numpy as np
import pytest
from tests.data.splittable import rows

from foldproof.config.augment import Augment
from foldproof.config.evaluate import Evaluate
from foldproof.config.params import params_from
from foldproof.config.preprocess import Preprocess
from foldproof.config.split import Split as Section
from foldproof.data.splits import Role, make_split
from foldproof.data.statistics import fit_statistics, manifest_of
from foldproof.evaluation.assess import assess
from foldproof.evaluation.baselines import BASELINES, predict
from foldproof.metrics import METRICS
from foldproof.training.cross_validation import train_members
from foldproof.training.outputs import out_of_fold_table


def test_a_split_by_time_from_training_to_the_assessment() -> None:
    data = rows(150, times=np.arange(150.0))
    split = make_split(data, Section(folds=3, gap=3.0), 0)
    params = params_from(
        {"schema": 1, "model": {"name": "linear", "normalisation": "none"}, "train": {"epochs": 2, "batch_size": 8}}
    )
    statistics = fit_statistics(data, split, Preprocess())
    trained = train_members(data, split, statistics, params.model, params.train, Augment())
    table = out_of_fold_table(trained, data, split)
    assert table["row"].tolist() == list(range(30, 120))
    found = assess(
        data.schema,
        split,
        data,
        table,
        trained.model.predict_members(data.features[split.test_rows()]),
        Evaluate(),
        trained.model.record,
        statistics_manifest=manifest_of(statistics, split),
    )
    of_rows = {"test_set", "folds", "duplicates", "time", "preprocessing", "stopping"}
    assert {check.name for check in found.checks if check.status == "ok"} >= of_rows
    assert "split.repeats" not in [advice.key for advice in found.advice]
    for index, member in enumerate(found.members):
        assert member.scored_rows == 30
        assert member.training_rows == (split.roles[index] == Role.TRAINING).sum()
    logistic = next(one for one in BASELINES["classification"] if one.name == "logistic_regression")
    learnt = np.flatnonzero(np.isin(split.roles[2], (Role.TRAINING, Role.INNER_VALIDATION)))
    alone = predict(logistic, data.features, data.targets, 3, learnt, split.test_rows()).predictions
    expected = METRICS["accuracy"].function(data.targets[split.test_rows()], alone)
    mine = next(one for one in found.baselines if one.name == "logistic_regression")
    assert mine.test is not None
    assert mine.test["accuracy"] == pytest.approx(expected)
