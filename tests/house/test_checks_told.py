"""Every check is a block of section `check`, in its order, and has its line in the list; advice names real keys."""

import ast
import re
from pathlib import Path

import pytest

from foldproof.checks.table import CHECKS
from foldproof.config.check import Check
from foldproof.config.closed import Closed, section_in
from foldproof.config.reference import reference

ROOT = Path(__file__).parents[2]
BLOCKS = [name for name, field in Check.model_fields.items() if section_in(field.annotation)]
LEGAL = set(re.findall(r"^\| `([^`]+)` \|", reference(), re.MULTILINE))
SECTIONS = LEGAL | {".".join(key.split(".")[:depth]) for key in LEGAL for depth in range(1, 4)}

PLACE_OF_KEY = {"Advice": 0, "on_network": 1, "_lower": 0}


def test_the_table_of_checks_and_the_section_have_the_same_names_in_the_same_order() -> None:
    assert list(CHECKS) == BLOCKS


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_asks_a_question_and_says_why(name: str) -> None:
    assert CHECKS[name].title.endswith("?")
    assert CHECKS[name].explains.endswith(".")


@pytest.mark.parametrize("name", BLOCKS)
def test_every_check_has_its_line_with_its_thresholds_and_legal_keys(name: str) -> None:
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8").splitlines()
    (line,) = [one for one in page if one.startswith(f"| `{name}` |")]
    _, _, _, thresholds, advice, _ = line.split("|")
    block: type[Closed] = type(getattr(Check(), name))
    assert re.findall(r"`(\w+)`", thresholds) == [key for key in block.model_fields if key != "severity"]
    named = [key.partition(":")[0] for key in re.findall(r"`([a-z_.]+(?:: \w+)?)`", advice)]
    assert advice.strip()
    assert not set(named) - SECTIONS


def test_the_list_has_no_line_too_much() -> None:
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == BLOCKS


def test_every_key_that_advice_names_is_legal() -> None:
    """Of keys put together while running, what stands for the rest must be some key's."""
    wrong = [
        f"{file.name}:{line}: {key}"
        for file in sorted((ROOT / "src/foldproof/checks").glob("*.py"))
        for key, line in advised(file.read_text(encoding="utf-8"))
        if not any(re.fullmatch(key, legal) for legal in LEGAL)
    ]
    assert not wrong, "no keys of params.yaml: " + ", ".join(wrong)


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ('Advice("data.drop", "x")', [r"data\.drop"]),
        ('Advice(key="data.drop", sentence="x")', [r"data\.drop"]),
        ('Advice(f"augment.{name}", "x")', [r"augment\..+"]),
        ("Advice(key, sentence)", []),
        ('on_network(subject, "model.activation", "x")', [r"model\.activation"]),
    ],
)
def test_the_search_for_advice_finds_it(source: str, keys: list[str]) -> None:
    assert [key for key, _ in advised(source)] == keys


def advised(source: str) -> list[tuple[str, int]]:
    """The keys written down in calls that make advice, as patterns, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACE_OF_KEY:
            place = PLACE_OF_KEY[node.func.id]
            given = [*node.args[place : place + 1], *(word.value for word in node.keywords if word.arg == "key")]
            found += [(pattern, node.lineno) for pattern in map(_pattern, given) if pattern]
    return found


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = (one.value if isinstance(one, ast.Constant) else None for one in node.values)
        return "".join(".+" if part is None else re.escape(str(part)) for part in parts)
    return ""
