"""Checks before training on the page, in the summary and in Markdown."""

from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pytest
from tests.checks.findings import EVIL, FINDINGS
from tests.evaluation.stand_in import digits_assessment, digits_run

from foldproof.checks.figures import Bars, figures_of
from foldproof.checks.finding import Finding, Status
from foldproof.config import params_from
from foldproof.config.advice import Advice
from foldproof.report.check_section import check_section
from foldproof.report.checks_in_words import MOST_NAMED, in_words
from foldproof.report.page import render
from foldproof.report.summary import markdown, show
from foldproof.report.what_next import MOST, what_next

CALM = tuple(one for one in FINDINGS if one.status in ("ok", "not applicable"))


class Nesting(HTMLParser):
    """Whether every tag is closed, and what is written on the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "line", "circle", "rect", "path", "img"):
            self.open.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "rect", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(findings: tuple[Finding, ...]) -> str:
    run = digits_run()
    params = params_from({"schema": 1}).flat()
    return render(digits_assessment(), run.dataset.schema, run.split.audit, params, {}, None, findings)


def test_what_is_amiss_comes_first_with_evidence_advice_and_plot() -> None:
    section = check_section(FINDINGS)
    assert [one.finding.check for one in section.amiss] == ["gradient", "rate_range"]
    assert [one.finding.check for one in section.others] == ["finite_rows", "dead_units"]
    assert dict(section.counts) == {"passed": 1, "warnings": 1, "errors": 1, "not applicable": 1}
    assert section.in_words == in_words(FINDINGS)
    assert all(one.drawing is not None for one in section.amiss)
    assert check_section(CALM).in_words.kind == "ok"


def test_the_page_shows_all_escaped_and_well_formed() -> None:
    html = page(FINDINGS)
    found = Nesting(html)
    assert not found.open
    assert "<script" not in html
    assert EVIL in found.text
    shown, folded = html.split('<section id="before">')[1].split("</section>")[0].split("<details>")
    for one in FINDINGS:
        assert one.title in (shown if one.advice else folded)
        for advice in one.advice:
            assert f"<code>{advice.key}</code>" in shown
    assert "<code>own</code>" in shown
    assert shown.count("<svg") == 2
    assert 'aria-label="loss over learning rate; suggested 0.03"' in shown
    assert page(FINDINGS) == html


def test_the_first_screen_names_warnings_and_errors() -> None:
    trust = page(FINDINGS).split("Can I trust it?")[1].split("</section>")[0]
    linked = '<span class="mark">{}</span><span><a href="#before">Checks before training</a>: {}</span></li>'
    for findings, kind in ((FINDINGS, "fail"), (CALM, "ok")):
        told = in_words(findings)
        assert told.kind == kind
        trust = page(findings).split("Can I trust it?")[1].split("</section>")[0]
        assert f'<li class="{kind}">{linked.format(told.mark, told.sentence)}' in trust
        assert '<section id="before">' in page(findings)


def test_in_words_checks_go_by_their_titles_and_not_by_their_names() -> None:
    told = in_words(FINDINGS)
    assert told.sentence == (
        "1 of 3 passed. Error: Is the gradient right? Warning: Is the learning rate of the right size? 17 not made."
    )
    many = in_words([*(replace(FINDINGS[1], title=f"Is it {place}?") for place in range(3)), *FINDINGS, FINDINGS[3]])
    assert many.sentence.startswith("1 of 7 passed. Errors: Is it 0? Is it 1? Is it 2? Is the gradient right? And 2")
    assert many.sentence.count("?") == MOST_NAMED
    assert in_words(FINDINGS[2:3]).sentence.startswith("0 of 0 passed.")


def test_what_was_found_before_training_comes_first_in_what_next() -> None:
    stream = StringIO()
    show(digits_assessment(), stream=stream, findings=FINDINGS)
    for text in (page(FINDINGS), stream.getvalue(), markdown(digits_assessment(), FINDINGS)):
        after = text.split("What next?")[1].split("</section>")[0]
        places = [after.index(one.key) for one in what_next(digits_assessment(), FINDINGS)]
        assert places == sorted(places)


def test_advice_of_errors_precedes_that_of_warnings_and_no_key_comes_twice() -> None:
    def found(check: str, status: Status, *keys: str) -> Finding:
        return replace(FINDINGS[3], check=check, status=status, advice=tuple(Advice(key, check) for key in keys))

    findings = (
        found("capacity", "warning", "model.name", "data.drop"),
        found("leaking_feature", "warning", "data.drop"),
        found("tiny_rows", "error", "model.name", "train.loss.name"),
    )
    advised = what_next(digits_assessment(), findings)
    assert [(one.key, one.sentence) for one in advised[:3]] == [
        ("model.name", "tiny_rows"),
        ("train.loss.name", "tiny_rows"),
        ("data.drop", "leaking_feature"),
    ]
    assert len(advised) <= MOST
    assert len({one.key for one in advised}) == len(advised)
    own = digits_assessment().advice
    assert set(advised[3:]) <= set(own)
    assert what_next(digits_assessment()) == own[:MOST]


@pytest.mark.parametrize("sentence", ["weight_kg alone tells it", "weight_kg alone tells it."])
def test_a_column_keeps_its_name_and_a_finding_ends_as_a_sentence(sentence: str) -> None:
    (shown,) = check_section([replace(FINDINGS[0], sentence=sentence)]).others
    assert shown.sentence == "weight_kg alone tells it."


def test_a_plot_without_a_place_for_any_value_is_left_out() -> None:
    nothing = figures_of(Bars(("a", "b"), (0.0, None), "gradient", log=True))
    (shown,) = check_section([replace(FINDINGS[1], figures=nothing)]).amiss
    assert shown.drawing is None


def test_without_findings_nothing_is_said() -> None:
    assert "Checks before training" not in page(())
    assert "Checks before training" not in markdown(digits_assessment())


def test_the_summary_has_a_line() -> None:
    stream = StringIO()
    show(digits_assessment(), stream=stream, findings=FINDINGS)
    told = in_words(FINDINGS)
    assert f" {told.mark} Checks before training: {told.sentence}" in " ".join(["", *stream.getvalue().split()])
    said = markdown(digits_assessment(), FINDINGS)
    assert f"\n\nChecks before training: {told.sentence}\n\n" in said
