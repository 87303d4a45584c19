"""Batch normalisation over few rows."""

from typing import Any

import pytest

from tests.checks.subjects import found, subject, table


@pytest.mark.parametrize(("size", "status"), [(2, "error"), (3, "error"), (4, "ok"), ("full", "ok")])
def test_small_batches_are_an_error_under_batch_normalisation(size: Any, status: str) -> None:
    finding = found("batches", subject(table(), train={"batch_size": size}))
    assert finding.status == status
    if status == "error":
        assert finding.sentence == f"2 layers normalise over batches of {size} rows"
        assert [advice.key for advice in finding.advice] == ["train.batch_size", "model.normalisation"]


@pytest.mark.parametrize("name", ["layer", "group", "none"])
def test_other_normalisations_take_any_batch(name: str) -> None:
    one = subject(table(), train={"batch_size": 1}, model={"normalisation": name})
    assert found("batches", one).status == "not applicable"


def test_a_layer_of_its_own_counts() -> None:
    mlp = {"layers": [{"units": 8, "normalisation": "batch"}, {"units": 8}]}
    one = subject(table(), train={"batch_size": 2}, model={"name": "mlp", "normalisation": "none", "mlp": mlp})
    assert found("batches", one).sentence == "1 layer normalises over batches of 2 rows"
