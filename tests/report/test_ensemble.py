"""Members that learnt nothing are not counted, and it is said what becomes of them."""

from dataclasses import replace
from io import StringIO

import pytest
from tests.evaluation.stand_in import digits_assessment, digits_run

from foldproof.config import params_from
from foldproof.evaluation import Assessment
from foldproof.report.ensemble import names_left_out, size, who_is_left_out
from foldproof.report.page import render
from foldproof.report.summary import markdown, show


def without(*folds: int) -> Assessment:
    """An assessment where the members of these folds diverged before they had a best epoch."""
    assessed = digits_assessment()
    members = (
        replace(one, best_epoch=-1, stopped="diverged") if one.fold in folds else one for one in assessed.members
    )
    return replace(assessed, members=tuple(members))


def page(assessment: Assessment) -> str:
    run = digits_run()
    return render(assessment, run.dataset.schema, run.split.audit, params_from({"schema": 1}).flat(), {})


def printed(assessment: Assessment) -> str:
    stream = StringIO()
    show(assessment, stream=stream)
    return " ".join(stream.getvalue().split())


@pytest.mark.parametrize(
    ("folds", "networks", "members"),
    [((), "5 networks", "5 members"), ((1,), "4 networks", "4 members"), ((0, 1, 2, 4), "1 network", "1 member")],
)
def test_one_number_everywhere(folds: tuple[int, ...], networks: str, members: str) -> None:
    assessed = without(*folds)
    assert size(assessed) == 5 - len(folds)
    html = page(assessed)
    assert f"an ensemble of {networks}, on" in html
    assert f"The mean of the predictions of {members}; no network was refitted." in html
    assert f"the ensemble of {members} on" in printed(assessed)


def test_who_is_left_out_is_named_wherever_the_score_is() -> None:
    assert who_is_left_out(without()) == ""
    assert who_is_left_out(without(1)).startswith("The network of fold 1 learnt nothing: its fold")
    assessed = without(1, 3)
    told = who_is_left_out(assessed)
    assert told.startswith("The networks of fold 1 and fold 3 learnt nothing: their folds")
    assert names_left_out(assessed) == ("fold 1", "fold 3")
    good = page(assessed).split("How good is it?")[1].split("</section>")[0]
    assert told in good
    assert told in printed(assessed)
    assert f"\n\n{told}\n\n" in markdown(assessed)
    assert "learnt nothing:" not in printed(without())
