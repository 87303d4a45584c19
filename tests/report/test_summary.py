"""The tables at the end of a run, in a terminal, without one, and as Markdown."""

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from tests.evaluation.stand_in import diabetes_assessment, digits_assessment, digits_run, jumping_assessment

from foldproof.evaluation import Assessment
from foldproof.evaluation.assessment import Check
from foldproof.report.summary import WIDEST, markdown, show
from foldproof.reproducibility import canonical_json


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(assessment: Assessment, stream: StringIO | None = None) -> str:
    stream = stream or StringIO()
    show(assessment, stream=stream)
    return stream.getvalue()


def test_plain_text_answers_everything() -> None:
    assessed, text = digits_assessment(), printed(digits_assessment())
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= WIDEST
    main = assessed.headline
    assert f"accuracy {main.mean:.4f} ± {main.spread:.4f}, 95 % interval {main.low:.4f} to {main.high:.4f}" in text
    assert "n = 5 folds" in text
    for member in assessed.members:
        figures = (
            f"{member.scores['accuracy']:.4f}",
            f"{member.scores['log_loss']:.4f}",
            str(member.best_epoch),
        )
        pattern = " +".join((member.name, *figures))
        assert re.search(pattern, text), pattern
    for baseline in assessed.baselines:
        line = next(line for line in text.splitlines() if line.strip().startswith(baseline.label))
        assert baseline.comparison.verdict in line
        assert f"{baseline.scores['accuracy'].mean:.4f}" in line
    assert assessed.test is not None
    assert f"{assessed.test.scores['accuracy'].members_mean:.4f}" in text
    assert "10 of 12 checks passed" in text
    assert all(advice.key in text for advice in assessed.advice)
    assert "reports/report.html" in text
    assert "make ui" in text


def test_what_the_curves_say_is_a_line_each() -> None:
    for text in (printed(digits_assessment()), markdown(digits_assessment())):
        assert "Learning curves: nothing amiss." in text
    (found,) = jumping_assessment().diagnoses
    for text in (printed(jumping_assessment()), markdown(jumping_assessment())):
        told = f"{found.title}: {found.sentence}"
        assert told in " ".join(text.split())
        assert "nothing amiss" not in text


def test_columns_are_aligned() -> None:
    folds = [line for line in printed(digits_assessment()).splitlines() if line.strip().startswith("fold ")]
    ends = {next(found.end() for found in re.finditer(r"0\.\d{4}", line)) for line in folds}
    assert len(folds) == 5
    assert len(ends) == 1


def test_a_terminal_gets_colour_and_no_more_than_it_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(digits_assessment(), Terminal())
    assert "\x1b[" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(len(line) for line in plain.splitlines()) <= 80


@pytest.mark.parametrize("assessed", ["digits", "diabetes", "repeated", "without test set"])
def test_every_kind_of_run_is_shown(assessed: str) -> None:
    kinds = {
        "digits": digits_assessment(),
        "diabetes": diabetes_assessment(),
        "repeated": digits_run(3, 2).assess(),
        "without test set": replace(digits_assessment(), test=None),
    }
    text, page = printed(kinds[assessed]), markdown(kinds[assessed])
    assert "Can I trust it?" in text
    assert "What next?" in page
    assert ("| test set |" in page) == (assessed != "without test set")


def test_a_failed_check_is_not_overlooked() -> None:
    failed = Check("test_set", "fail", "Test set untouched", "It was not.")
    assessed = replace(digits_assessment(), checks=(*digits_assessment().checks, failed))
    assert "10 of 13 checks passed; 1 FAILED" in printed(assessed)
    first = markdown(assessed).split("**Can I trust it?**")[1].split("- ")[1]
    assert first.strip() == "Test set untouched? It was not."


def test_rich_does_not_read_names_as_its_markup() -> None:
    text = printed(replace(digits_assessment(), data="[red]data[/red]", target="[bold]"))
    assert "[red]data[/red]" in text


def test_markdown_is_well_formed_and_holds_no_data() -> None:
    classes = tuple(f"secret{index}" for index in range(10))
    main = digits_assessment().headline
    text = markdown(replace(digits_assessment(), classes=classes, data="a|b <img>\n`x`"))
    assert text.splitlines()[0] == f"## a\\|b &lt;img> 'x': accuracy {main.mean:.4f} ± {main.spread:.4f}"
    assert "secret" not in text
    assert "<img>" not in text
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_a_gain_that_nothing_tells_from_chance_has_no_least_detectable() -> None:
    assessed = digits_assessment()
    first = assessed.baselines[0]
    flat = replace(first, comparison=replace(first.comparison, smallest_detectable=None, verdict="no evidence"))
    changed = replace(assessed, baselines=(flat, *assessed.baselines[1:]))
    for text in (printed(changed), markdown(changed)):
        assert "unknown" in next(line for line in text.splitlines() if first.label in line and "no evidence" in line)
    assert Assessment.from_dict(json.loads(canonical_json(changed.to_dict()))) == changed
