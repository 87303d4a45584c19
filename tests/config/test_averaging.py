"""Averages and snapshots that make no sense are refused."""

from typing import Any

import pytest

from foldproof.errors import ConfigError
from tests.training.setting import params


@pytest.mark.parametrize(
    ("averaging", "told"),
    [
        ({"name": "ema", "ema": {"decay": 1.0}}, "legal: a number < 1"),
        ({"name": "swa", "swa": {"from_share": 1.0}}, "legal: a number < 1"),
        ({"snapshots": {"every_epochs": 0}}, "legal: a number >= 1"),
        (
            {"name": "swa", "snapshots": {"every_epochs": 2}},
            r"train\.averaging\.snapshots\.every_epochs: found 2",
        ),
        ({"name": "polyak"}, "found 'polyak', legal: none, ema or swa"),
    ],
)
def test_nonsense_is_refused(averaging: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        params(train={"epochs": 8, "averaging": averaging})
