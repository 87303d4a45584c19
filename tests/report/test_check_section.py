"""Checks before training on the page, in the summary and in Markdown."""

from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pytest
from tests.checks.findings import EVIL, FINDINGS
from tests.evaluation.stand_in import digits_assessment, digits_run

from foldproof.checks.finding import Finding
from foldproof.checks.telling import in_a_line
from foldproof.config import params_from
from foldproof.report.check_section import check_section
from foldproof.report.page import render
from foldproof.report.summary import markdown, show

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
    assert (section.kind, section.line) == ("fail", in_a_line(FINDINGS))
    assert all(one.drawing is not None for one in section.amiss)
    assert check_section(CALM).kind == "ok"


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
    assert in_a_line(FINDINGS) in trust
    assert '<li class="ok"><span class="mark">✓</span><span>Checks before training: 1 of 1 passed' in page(CALM)


@pytest.mark.parametrize("sentence", ["the loss is 3", "The loss is 3."])
def test_a_finding_is_shown_as_a_sentence(sentence: str) -> None:
    (shown,) = check_section([replace(FINDINGS[0], sentence=sentence)]).others
    assert shown.sentence == "The loss is 3."


def test_without_findings_nothing_is_said() -> None:
    assert "Checks before training" not in page(())
    assert "Checks before training" not in markdown(digits_assessment())


def test_the_summary_has_a_line() -> None:
    stream = StringIO()
    show(digits_assessment(), stream=stream, findings=FINDINGS)
    assert f"{in_a_line(FINDINGS)}.\n" in stream.getvalue()
    assert f"\n\n{in_a_line(FINDINGS)}.\n\n**What next?**" in markdown(digits_assessment(), FINDINGS)
