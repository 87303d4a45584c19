"""The table of `make sabotage` fits sources and tests as they are now; whether tests turn red is for it to say."""

import ast
from functools import cache

import pytest

from sabotage.__main__ import CHECKOUT
from sabotage.wreck import Wreck
from sabotage.wrecks import WRECKS

FEWEST = 24
every_wreck = pytest.mark.parametrize("wreck", WRECKS, ids=lambda wreck: wreck.name)


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((CHECKOUT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@every_wreck
def test_its_text_is_found_once_and_what_comes_of_it_is_python(wreck: Wreck) -> None:
    wreck.harmed((CHECKOUT / "src" / "foldproof" / wreck.file).read_text(encoding="utf-8"))


@every_wreck
def test_the_test_that_must_notice_is_there(wreck: Wreck) -> None:
    file, name = wreck.test.split("::")
    assert name.split("[")[0] in functions(file)


def test_wrecks_are_enough_and_each_is_another() -> None:
    assert len(WRECKS) >= FEWEST
    assert len({wreck.name for wreck in WRECKS}) == len(WRECKS)
    assert len({(wreck.file, wreck.text, wreck.instead) for wreck in WRECKS}) == len(WRECKS)


def test_a_text_that_is_not_there_once_or_makes_no_python_is_refused() -> None:
    wreck = Wreck("a wreck", "a.py", "x = 1", "x = (", "test_a.py::test_a")
    for source, why in (("y = 1", "0 times"), ("x = 1\nx = 1", "2 times"), ("x = 1", "no Python")):
        with pytest.raises(ValueError, match=why):
            wreck.harmed(source)
