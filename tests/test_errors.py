"""How places are listed in messages."""

import numpy as np
import pytest

from foldproof.errors import counted, listed


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (listed([3, 7]), "3, 7"),
        (listed([3, 7], most=1), "3, ..."),
        (listed([3, 7], total=3), "3, 7, ..."),
        (listed(range(11)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."),
        (listed(np.arange(10)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        (listed([]), ""),
        (counted("line", [3]), "1 line (3)"),
        (counted("line", [3, 17]), "2 lines (3, 17)"),
        (counted("row", np.array([0, 1]), total=12), "12 rows (0, 1, ...)"),
        (counted("row", [0, 1, 2], most=2), "3 rows (0, 1, ...)"),
    ],
)
def test_the_first_of_them_and_dots_where_there_are_more(told: str, wanted: str) -> None:
    assert told == wanted
