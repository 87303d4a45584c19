"""A user's function, by whichever key it is named: imported, or refused in one wording."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foldproof.config.own_code import OwnCode
from foldproof.errors import ConfigError


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "mine_alone.py").write_text("def make(*given):\n    return given\n\n\nSEVEN = 7\n")
    (tmp_path / "needing.py").write_text("import nowhere_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("mine_alone", "needing"):
        sys.modules.pop(name, None)


def own(name: str) -> OwnCode:
    return OwnCode(name, "some.key", "train", "(one, other)")


def test_the_function_is_imported() -> None:
    assert own("mine_alone:make").function()(1, 2) == (1, 2)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "nowhere_at_all:make",
            r"cannot be imported: No module named 'nowhere_at_all'; legal: a module on Python's path",
        ),
        ("needing:make", r"needing:make cannot be imported: No module named 'nowhere_at_all'"),
        ("mine_alone:other", r"mine_alone has no 'other'; legal: a function of that module$"),
        ("mine_alone:SEVEN", r"mine_alone:SEVEN is int, legal: a function of \(one, other\)$"),
    ],
)
def test_what_is_none_is_refused(name: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"^some.key: .*{told}"):
        own(name).function()
