"""Findings survive their file; the verdict holds no figure; errors become one refusal that says all."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldproof.checks.figures import Bars, Line, Plot, Points, figures_of, finite, plot_of
from foldproof.checks.finding import from_dict, to_dict, verdict
from foldproof.checks.telling import in_a_line, refuse_errors
from foldproof.errors import CheckError
from foldproof.reproducibility import canonical_json
from tests.checks.findings import FINDINGS, LAYERS, RATES


def test_findings_survive_a_round_through_their_file() -> None:
    read = from_dict(json.loads(canonical_json(to_dict(FINDINGS))))
    assert [replace(one, figures={}) for one in read] == [replace(one, figures={}) for one in FINDINGS]
    assert [plot_of(one.figures) for one in read] == [None, LAYERS, None, RATES]


def test_the_verdict_holds_names_alone_and_does_not_move_with_a_figure() -> None:
    assert verdict(FINDINGS) == {"passed": False, "errors": ["gradient"]}
    moved = [replace(one, sentence="another", figures={"x": 0.1}, advice=()) for one in FINDINGS]
    assert verdict(moved) == verdict(FINDINGS)
    assert verdict([one for one in FINDINGS if one.status != "error"]) == {"passed": True, "errors": []}


def test_a_line_tells_how_many_and_which() -> None:
    told = "Checks before training: 1 of 3 passed; warning: rate_range; error: gradient"
    assert in_a_line(FINDINGS) == f"{told}; 17 not made"
    assert in_a_line(FINDINGS[:1]) == "Checks before training: 1 of 1 passed; 20 not made"
    assert in_a_line(FINDINGS[2:3]) == "Checks before training: none"


def test_a_refusal_has_evidence_advice_and_the_way_on() -> None:
    with pytest.raises(CheckError) as caught:
        refuse_errors(FINDINGS)
    first, last = caught.value.problems
    assert first.splitlines() == [
        f"gradient: {FINDINGS[1].sentence}",
        "    model.factory: mend the backward pass of `own`",
    ]
    assert "check.on_error: warn" in last
    assert "check.gradient.severity" in last
    refuse_errors([one for one in FINDINGS if one.status != "error"])


def numbers() -> st.SearchStrategy[tuple[float | None, ...]]:
    return st.lists(st.floats(), min_size=3, max_size=3).map(finite)


@given(kind=st.sampled_from([Line, Points]), x=numbers(), y=numbers(), log=st.booleans())
def test_any_curve_survives_json(
    kind: type[Line] | type[Points], x: tuple[float | None, ...], y: tuple[float | None, ...], *, log: bool
) -> None:
    plot: Plot = kind(x, y, "x", "y", {"here": 0.5}, log_x=log)
    assert plot_of(json.loads(canonical_json(figures_of(plot)))) == plot


@given(values=numbers(), limit=st.none() | st.floats(allow_nan=False, allow_infinity=False))
def test_any_bars_survive_json(values: tuple[float | None, ...], limit: float | None) -> None:
    plot = Bars(("a", "b", "c"), values, "share", "unit", limit)
    assert plot_of(json.loads(canonical_json(figures_of(plot)))) == plot


def test_figures_without_a_plot_are_no_plot() -> None:
    assert plot_of({}) is None
    assert plot_of({"suggested": 0.1}) is None
    assert plot_of({**figures_of(RATES), "suggested": 0.03}) == RATES
