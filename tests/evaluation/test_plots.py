"""Pictures: the same bytes every time, whatever the names and the number of classes; warnings are errors."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.evaluation.stand_in import Run, diabetes_assessment, diabetes_run, digits_assessment, digits_run

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas, confusion_matrix, fold_scores, learning_curves, learning_rate, pictures
from foldproof.evaluation.plots.learning_rate import courses
from foldproof.evaluation.plots.step_sizes import step_sizes
from foldproof.evaluation.side_by_side import rivals, window
from foldproof.training.watched import COLUMNS, OF_LAYERS


def drawn(run: Run, assessment: Assessment) -> dict[str, bytes]:
    return pictures(assessment, run.curves, run.out_of_fold)


def test_what_there_is_for_each_task() -> None:
    common = {"learning_curves", "fold_scores"}
    assert drawn(digits_run(), digits_assessment()).keys() == common | {"confusion", "reliability"}
    assert drawn(diabetes_run(), diabetes_assessment()).keys() == common | {"scatter"}


def looked_at(layers: int) -> pd.DataFrame:
    """Two members, two looks in the first epoch and one in the second; some figures are missing."""
    lines = [
        (0, fold, epoch, step, f"{layer}.weight", 1.0, norm, 0.1, 0.001 * (layer + 1) / (fold + 1), None, None)
        for fold, norm in ((0, 2.0), (1, np.nan))
        for epoch, step in ((0, 0), (0, 10), (1, 20))
        for layer in range(layers)
    ]
    dead = [(0, 0, 0, 0, "1 (ReLU)", 1.0, 2.0, 0.1, None, 0.5, None)]
    return pd.DataFrame([*lines, *dead], columns=[*COLUMNS, *OF_LAYERS])


@pytest.mark.parametrize("layers", [1, 5, 9])
def test_steps_are_drawn_where_they_were_looked_at(layers: int) -> None:
    run, assessment = digits_run(), digits_assessment()
    found = pictures(assessment, run.curves, run.out_of_fold, looked_at(layers))
    assert found.keys() - drawn(run, assessment).keys() == {"step_sizes"}
    with Image.open(BytesIO(found["step_sizes"])) as image:
        assert np.asarray(image.convert("L")).std() > 5
    assert pictures(assessment, run.curves, run.out_of_fold, looked_at(0)).keys() == drawn(run, assessment).keys()


def test_one_look_and_members_that_diverged_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = kept(monkeypatch)
    watched = looked_at(2)
    first = watched[watched["step"] == 0]
    assessed = digits_assessment()
    diverged = replace(assessed, members=(replace(assessed.members[0], stopped="diverged"), *assessed.members[1:]))
    for lines, found in ((first, assessed), (watched, diverged), (first, diverged), (watched, assessed)):
        assert step_sizes(lines, found).startswith(b"\x89PNG")
        left, right = figures.pop().axes
        for panel in (left, right):
            assert all(float(tick).is_integer() for tick in panel.get_xticks())
            low, high = panel.get_ylim()
            assert sum(low <= tick <= high for tick in panel.get_yticks()) >= 2
        crosses = [line for line in right.lines if line.get_marker() == "x" and np.size(line.get_xdata())]
        assert len(crosses) == (2 if found is diverged else 0)  # one a layer
    everyone = replace(assessed, members=tuple(replace(one, stopped="diverged") for one in assessed.members))
    assert step_sizes(watched, everyone).startswith(b"\x89PNG")


def test_a_mean_leaves_out_members_that_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = kept(monkeypatch)
    assessed = digits_assessment()
    diverged = replace(assessed, members=(replace(assessed.members[0], stopped="diverged"), *assessed.members[1:]))
    step_sizes(looked_at(1), diverged)
    mean = figures.pop().axes[1].lines[0]
    assert mean.get_ydata() == pytest.approx([0.0005, 0.0005])  # of fold 1 alone


@pytest.mark.parametrize(("low", "high"), [(1.1, 1.9), (3.0, 42.0), (0.002, 0.09), (2.3e-5, 2.4e-5), (1e-8, 1.0)])
def test_a_logarithmic_axis_has_two_labels_at_least(low: float, high: float) -> None:
    def paint(figure: Figure) -> None:
        panel = figure.subplots()
        panel.plot([0, 1], [low, high])
        canvas.logarithmic(panel)
        canvas.at_least_two_labels(panel)
        bottom, top = panel.get_ylim()
        assert sum(bottom <= tick <= top for tick in panel.get_yticks()) >= 2

    canvas.draw(4, 3, paint)


def kept(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn from now on."""
    figures: list[Figure] = []
    monkeypatch.setattr(canvas, "title", lambda figure, _: figures.append(figure))
    return figures


def test_they_are_png_of_150_dots_an_inch_without_date_or_version() -> None:
    for content in drawn(digits_run(), digits_assessment()).values():
        with Image.open(BytesIO(content)) as image:
            assert image.format == "PNG"
            assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
            assert set(image.info) == {"dpi"}
            assert np.asarray(image.convert("L")).std() > 5  # not an empty sheet


def test_the_same_bytes_whatever_the_user_has_set() -> None:
    before = fold_scores(digits_assessment())
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 20}):
        assert fold_scores(digits_assessment()) == before


def test_global_settings_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    fold_scores(digits_assessment())
    assert dict(mpl.rcParams) == before


def with_classes(names: tuple[str, ...]) -> Assessment:
    draws = np.random.Generator(np.random.Philox(0))
    counts = draws.integers(0, 5, (len(names), len(names))) + np.diag(draws.integers(20, 90, len(names)))
    confusion = tuple(tuple(int(count) for count in line) for line in counts)
    return replace(digits_assessment(), classes=names, confusion=confusion)


@pytest.mark.parametrize(
    "names",
    [
        ("benign", "malignant"),
        (
            "<b>bold</b>",
            "$x^2$ and \\frac",
            "東京",
            "a name that is much too long to be written at an axis",
            "two\nlines",
        ),
        tuple(f"class {index}" for index in range(20)),
        tuple(str(index) for index in range(60)),
    ],
    ids=["two", "odd", "twenty", "sixty"],
)
def test_confusion_of_any_classes(names: tuple[str, ...]) -> None:
    assert confusion_matrix(with_classes(names)).startswith(b"\x89PNG")


def test_many_members_are_drawn_over_one_another(tmp_path: Path) -> None:
    once = digits_run()
    copies = pd.concat([once.curves.assign(repeat=repeat) for repeat in range(3)])
    members = tuple(replace(one, repeat=repeat) for repeat in range(3) for one in digits_assessment().members)
    (tmp_path / "curves.png").write_bytes(learning_curves(replace(digits_assessment(), members=members), copies))
    with Image.open(tmp_path / "curves.png") as image:
        assert image.width > image.height


def test_a_run_of_one_epoch_and_a_loss_of_nought() -> None:
    run = digits_run()
    first = run.curves[run.curves["epoch"] == 0].assign(training_loss=0.0)
    assessed = replace(
        digits_assessment(), members=tuple(replace(one, best_epoch=0) for one in digits_assessment().members)
    )
    assert learning_curves(assessed, first).startswith(b"\x89PNG")


def test_names_are_made_drawable() -> None:
    assert canvas.short("plain") == "plain"
    assert canvas.short("東 a\nb") == "□ a b"
    assert canvas.short("x" * 40) == "x" * 17 + "…"


def test_the_axis_shows_the_near_and_not_the_far() -> None:
    """On digits the majority class, at 0.1, would squeeze all else into a corner."""
    lines = rivals(digits_assessment())
    low, high = window(lines)
    assert 0.9 < low < min(lines[0].score.values) < max(lines[0].score.values) < high < 1.02
    assert lines[1].score.mean < low


def test_the_axis_of_equal_scores_has_a_width() -> None:
    assessed = digits_assessment()
    flat = replace(assessed.headline, values=(1.0,) * 5, mean=1.0, spread=0.0, low=None, high=None)
    alone = replace(assessed, scores={"accuracy": flat}, baselines=(), test=None)
    low, high = window(rivals(alone))
    assert low < 1.0 < high
    assert fold_scores(alone).startswith(b"\x89PNG")


def with_rates(rates: "Callable[[pd.DataFrame], pd.Series[float]]") -> tuple[Assessment, pd.DataFrame]:
    curves = digits_run().curves
    return digits_assessment(), curves.assign(learning_rate=rates(curves))


def test_the_learning_rate_is_drawn_where_it_moves() -> None:
    assessment, curves = with_rates(lambda lines: 0.1 * 0.9 ** lines["epoch"])
    assert "learning_rate" in pictures(assessment, curves, digits_run().out_of_fold)


def test_members_on_one_course_share_a_line_and_others_have_their_own() -> None:
    """Whoever stopped early is still on the course of those who went on."""
    assessment, curves = with_rates(lambda lines: 0.1 * 0.9 ** lines["epoch"])
    stopped = curves[(curves["fold"] != 1) | (curves["epoch"] < 3)]
    assert len(courses(assessment, stopped)) == 1
    assessment, curves = with_rates(lambda lines: 0.1 / (1 + (lines["fold"] == 2) * (lines["epoch"] > 2)))
    names = [one.name for one in assessment.members]
    assert sorted(map(sorted, courses(assessment, curves).values())) == sorted([[names[2]], names[:2] + names[3:]])
    assert learning_rate(assessment, curves).startswith(b"\x89PNG")
