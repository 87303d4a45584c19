"""Planted faults are legal settings that are broken as they say, and name checks and keys that there are."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.planted_faults.case import Case, Healthy
from benchmarks.planted_faults.cases import CASES
from benchmarks.planted_faults.healthy import HEALTHY
from benchmarks.planted_faults.setting import merged, subject_of
from foldproof.config.check import Check
from foldproof.config.closed import Closed
from foldproof.config.params import Params

FEWEST = 26
every_setting = pytest.mark.parametrize("setting", [*CASES, *HEALTHY], ids=lambda one: one.name)


@every_setting
def test_it_is_a_legal_setting(setting: Case | Healthy) -> None:
    """What is broken is for checks to find, not for params to refuse."""
    with np.errstate(invalid="ignore"):  # some rows are not finite, on purpose
        subject = subject_of(setting.dataset(), setting.changes)
        assert len(subject.inputs(subject.rows)) == len(subject.rows) > 0


def test_cases_are_enough_and_either_half_has_its_share() -> None:
    assert len(CASES) >= FEWEST
    assert len({case.name for case in CASES}) == len(CASES)
    assert min(Counter(case.half for case in CASES).values()) >= FEWEST // 2


def test_halves_are_what_the_hash_of_the_name_says() -> None:
    """Oracle: the SHA-256 of `abc`, FIPS 180-2 appendix B.1, ends in ad, so that it is odd."""
    one = CASES[0]
    assert Case("abc", one.dataset, {}, one.found_by, one.advised).half == "sealed"


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_its_checks_and_keys_are_there(case: Case) -> None:
    assert case.found_by <= Check.model_fields.keys()
    assert all(_is_key(key) for key in case.advised)
    assert case.found_by
    assert case.advised


def _is_key(dotted: str) -> bool:
    section: type[Closed] = Params
    *blocks, last = dotted.split(".")
    for block in blocks:
        found = section.model_fields[block].annotation
        assert isinstance(found, type)
        assert issubclass(found, Closed)
        section = found
    return last in section.model_fields


def test_blocks_are_merged_at_any_depth() -> None:
    assert merged({"a": {"b": {"c": 1, "d": 2}}, "e": 3}, {"a": {"b": {"d": 4}}, "f": {"g": 5}}) == {
        "a": {"b": {"c": 1, "d": 4}},
        "e": 3,
        "f": {"g": 5},
    }
