"""Rows of another shape are refused by everybody who serves; tables of predictions are those of the arrays."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foldproof.data.schema import Column, Decoding, Schema, Target
from foldproof.errors import DataError
from foldproof.model.served import predictions_table, rows_of_shape

COLOUR, NUMBER = Target("colour", "classification", ("red", "blue")), Target("size", "regression")
TABLE = Schema("t", "table", (6,), tuple(Column(name) for name in "abcdef"), (COLOUR,))
GREY = Schema("i", "image", (1, 2, 3), (), (COLOUR,), decoding=Decoding("grey", (2, 3), None))


@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 1, 6), (8, 3), (4,), ()])
def test_a_table_takes_its_columns_alone(shape: tuple[int, ...]) -> None:
    """Also where there are as many values as the model takes."""
    with pytest.raises(DataError, match=r"^new: rows of shape .*, the model takes \(6,\)$"):
        rows_of_shape(TABLE, np.zeros(shape), "new")
    assert rows_of_shape(TABLE, [[0] * 6] * 4, "new").shape == (4, 6)


@pytest.mark.parametrize("shape", [(4, 3, 2), (4, 6), (4, 2, 3, 1), (4, 1, 1, 2, 3)])
def test_an_image_takes_its_pixels_in_their_places(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="rows of shape"):
        rows_of_shape(GREY, np.zeros(shape), "new")
    assert rows_of_shape(GREY, np.zeros((4, 2, 3)), "new").shape == (4, 1, 2, 3)
    assert rows_of_shape(GREY, np.zeros((4, 1, 2, 3)), "new").shape == (4, 1, 2, 3)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_table_of_one_target_and_of_several(kind: type) -> None:
    both: NDArray[Any] = np.array([[0.75, 0.25, 3.5], [0.125, 0.875, -1.0]], dtype=kind)
    one = predictions_table(TABLE, both[:, :2])
    assert one.to_dict("list") == {"prediction": ["red", "blue"], "p_red": [0.75, 0.125], "p_blue": [0.25, 0.875]}
    assert one["p_red"].dtype == kind
    several = predictions_table(Schema("t", "table", (6,), TABLE.columns, (COLOUR, NUMBER)), both)
    assert several.to_dict("list") == {
        "prediction_colour": ["red", "blue"],
        "p_colour_red": [0.75, 0.125],
        "p_colour_blue": [0.25, 0.875],
        "prediction_size": [3.5, -1.0],
    }
