"""Names that MLflow takes: judged by MLflow's own validation."""

from hypothesis import given
from hypothesis import strategies as st

from foldproof.tracking.names import LONGEST_NAME, calls, clipped, legal_name
from foldproof.tracking.store import Patience, environment

odd = st.text(max_size=400) | st.text("./@%:- aé", max_size=8)


@given(odd)
def test_mlflow_takes_every_name_that_we_give_it(name: str) -> None:
    with environment(Patience(1)):
        from mlflow.utils.validation import _validate_length_limit, _validate_metric_name

        _validate_metric_name(legal_name(name))
        _validate_length_limit("name", LONGEST_NAME, legal_name(name))


@given(st.lists(odd, unique=True, max_size=6))
def test_no_two_names_become_one(names: list[str]) -> None:
    assert len({legal_name(name) for name in names}) == len(names)


def test_a_legal_name_stays() -> None:
    for name in ("training_loss", "test.accuracy", "recall naïve", "a/b:c-d 1"):
        assert legal_name(name) == name
    assert legal_name("precision@5").startswith("precision_5-")
    assert legal_name("../x%").startswith("__x_-")


def test_long_text_is_cut_with_a_mark() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"


def test_portions_hold_everything_in_order() -> None:
    assert [list(part) for part in calls(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert not list(calls([], 3))
