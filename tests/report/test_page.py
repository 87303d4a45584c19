"""The page: self-contained, escaped, the same bytes every time, and all its answers on it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.stand_in import (
    Run,
    diabetes_assessment,
    diabetes_run,
    digits_assessment,
    digits_run,
    jumping_assessment,
)

from foldproof.config import params_from
from foldproof.data.schema import Target
from foldproof.evaluation import Assessment
from foldproof.report.page import CAPTIONS, coded, render

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000"
    "0500017a5eab3f0000000049454e44ae426082"
)
VOID = {"meta", "img", "line", "circle", "rect", "path", "br"}


class Outline(HTMLParser):
    """What is on the page: text, tags with attributes, and whether every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    names = ["learning_curves", "confusion", "reliability", "fold_scores", "augmentation"]
    for name in names:
        (tmp_path / f"{name}.png").write_bytes(PIXEL)
    return {name: tmp_path / f"{name}.png" for name in names}


def page(run: Run, assessment: Assessment, pictures: dict[str, Path], **schema: Any) -> str:
    described = replace(run.dataset.schema, **schema)
    return render(assessment, described, run.split.audit, params_from({"schema": 1}).flat(), pictures)


@pytest.mark.parametrize("what", ["digits", "diabetes", "repeated", "without test set"])
def test_it_is_well_formed_and_loads_nothing(what: str, pictures: dict[str, Path]) -> None:
    run, assessed = {
        "digits": (digits_run(), digits_assessment()),
        "diabetes": (diabetes_run(), diabetes_assessment()),
        "repeated": (digits_run(3, 2), digits_run(3, 2).assess()),
        "without test set": (digits_run(), replace(digits_assessment(), test=None)),
    }[what]
    text = page(run, assessed, pictures)
    outline = Outline(text)
    assert not outline.open
    names = {tag for tag, _ in outline.tags}
    assert not names & {"script", "link", "iframe", "object", "form"}
    for tag, attributes in outline.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert str(attributes.get("src", "data:image/png;base64,")).startswith("data:image/png;base64,")
        assert "href" not in attributes
    assert not re.search(r"https?://|@import|url\(", text)
    said = re.sub(r"None(?=:|\.| declared)", "", outline.text)  # answers that begin with this word
    assert "None" not in said


def test_the_first_screen_answers(pictures: dict[str, Path]) -> None:
    assessed = digits_assessment()
    outline = Outline(page(digits_run(), assessed, pictures))
    first = outline.text.split("Baselines On the same folds")[0]
    for question in ("How good is it?", "Against what?", "Can I trust it?", "What next?"):
        assert question in first
    main = assessed.headline
    assert f"{main.mean:.4f} ± {main.spread:.4f}" in first
    assert f"95 % interval {main.low:.4f} to {main.high:.4f}" in first
    assert "n = 5 folds" in first
    assert all(baseline.label in first for baseline in assessed.baselines)
    assert all(check.title in first for check in assessed.checks)
    assert all(advice.key in first for advice in assessed.advice)


def test_what_follows_is_all_there(pictures: dict[str, Path]) -> None:
    assessed = digits_assessment()
    text = Outline(page(digits_run(), assessed, pictures)).text
    for name in pictures.keys() - {"fold_scores"}:
        assert CAPTIONS[name][0] in text
    for member in assessed.members:
        assert f"{member.name} {member.scores['accuracy']:.4f}" in text
    assert all(check.sentence in text for check in assessed.checks)
    for item in ("Unit of splitting", "Duplicates", "Groups and time", "Preprocessing", "Choices made on"):
        assert item in text
    assert digits_run().dataset.schema.fingerprint in text
    assert all(name in text for name in params_from({"schema": 1}).flat())


def test_members_without_a_curve_are_named_below_the_curves(pictures: dict[str, Path]) -> None:
    first, *others = digits_assessment().members
    assessed = replace(digits_assessment(), members=(replace(first, best_epoch=-1), *others))
    below = page(digits_run(), assessed, pictures).split('<section id="learning_curves">')[1].split("</section>")[0]
    assert f"Without an epoch, and so without a curve: {first.name}." in below
    assert "without a curve" not in page(digits_run(), digits_assessment(), pictures)


def test_what_the_curves_say(pictures: dict[str, Path]) -> None:
    calm = Outline(page(digits_run(), digits_assessment(), pictures))
    assert "What the curves say Nothing amiss" in calm.text
    assessed = jumping_assessment()
    amiss = Outline(page(digits_run(), assessed, pictures))
    assert not amiss.open
    assert "Nothing amiss" not in amiss.text
    (found,) = assessed.diagnoses
    assert all(part in amiss.text for part in (found.title, found.sentence, found.explains, found.advice.sentence))
    for member in assessed.members:
        assert f"{member.name} {found.title} T{member.symptoms[0].sentence[1:]}" in amiss.text


def test_names_are_escaped(pictures: dict[str, Path]) -> None:
    evil = '<script>alert("1")</script>'
    classes = (evil, "a & b", *"23456789")
    assessed = replace(digits_assessment(), data=evil, target=evil, classes=classes)
    text = page(digits_run(), assessed, pictures, name=evil, targets=(Target(evil, "classification", classes),))
    assert "<script" not in text
    assert evil in Outline(text).text
    assert not Outline(text).open


def test_the_same_bytes_every_time_and_no_place(pictures: dict[str, Path], tmp_path: Path) -> None:
    first = page(digits_run(), digits_assessment(), pictures)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in pictures.values():
        (moved / path.name).write_bytes(path.read_bytes())
    assert page(digits_run(), digits_assessment(), {name: moved / f"{name}.png" for name in pictures}) == first
    assert str(tmp_path) not in first


def test_missing_pictures_are_left_out() -> None:
    text = page(digits_run(), digits_assessment(), {})
    assert "<img" not in text
    assert "How good is it?" in text


def test_light_dark_phone_and_paper() -> None:
    text = page(digits_run(), digits_assessment(), {})
    for rule in ("prefers-color-scheme: dark", "max-width: 760px", "@media print", "width=device-width"):
        assert rule in text


def test_a_perfect_run_has_no_interval_and_says_so() -> None:
    main = replace(digits_assessment().headline, values=(1.0,) * 5, mean=1.0, spread=0.0, low=None, high=None)
    assessed = replace(digits_assessment(), scores={**digits_assessment().scores, "accuracy": main})
    assert "No interval: every fold scores the same" in Outline(page(digits_run(), assessed, {})).text


def test_what_stands_between_backticks_is_code() -> None:
    assert coded("run `a < b` & go") == "run <code>a &lt; b</code> &amp; go"


def test_the_data_is_shown_with_what_is_odd_about_it(pictures: dict[str, Path]) -> None:
    from foldproof.data.profile import profile_of

    run = diabetes_run()
    profile = profile_of(run.dataset)
    profile["warnings"] = ["column '<b>' alone tells 'y'"]
    profile["columns"] = profile["columns"] * 4
    text = render(
        diabetes_assessment(), run.dataset.schema, run.split.audit, params_from({"schema": 1}).flat(), pictures, profile
    )
    outline = Outline(text)
    assert not outline.open
    assert f"{len(run.dataset.features)} rows; 40 columns: numbers 40; no value missing" in outline.text
    assert "Column '<b>' alone tells 'y'" in outline.text
    assert "The first 30 of 40 columns" in outline.text
    assert "The data " not in Outline(page(run, diabetes_assessment(), pictures)).text
