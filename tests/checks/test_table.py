"""The table as a whole: what comes of severities, and of params that no member can be made with."""

import pytest

from foldproof.checks.table import CHECKS, check
from tests.checks.subjects import subject, table

DATA = table(120)


def test_all_checks_in_their_order_and_none_that_is_off() -> None:
    off = {name: {"severity": "off"} for name in list(CHECKS)[3:]}
    assert [one.check for one in check(subject(DATA, check=off))] == list(CHECKS)[:3]


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_a_finding_weighs_what_params_say(severity: str) -> None:
    others = {name: {"severity": "off"} for name in CHECKS if name != "class_sizes"}
    chosen = {**others, "class_sizes": {"severity": severity, "fewest": 1000}}
    assert [one.status for one in check(subject(DATA, check=chosen))] == [severity]


def test_params_with_which_no_member_can_be_made_are_a_finding_with_its_key() -> None:
    one = subject(DATA, train={"batch_size": 1}, model={"name": "mlp", "normalisation": "batch"})
    *_, last = check(one)
    assert (last.check, last.status) == ("batches", "error")
    assert [advice.key for advice in last.advice] == ["train.batch_size"]
    assert "legal with batch normalisation: at least 2" in last.advice[0].sentence
