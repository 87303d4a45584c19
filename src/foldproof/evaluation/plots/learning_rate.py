"""The learning rate against epochs: one line for all members, or one for each course that some of them took."""

from typing import TYPE_CHECKING

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_NAMED = 5  # courses; beyond, lines are drawn over one another, without names
Rates = tuple[float, ...]


def moves(curves: "pd.DataFrame") -> bool:
    """Whether any member's learning rate changed at all."""
    return bool(curves["learning_rate"].nunique() > 1)


def learning_rate(assessment: Assessment, curves: "pd.DataFrame") -> bytes:
    """The rate of the last step of each epoch."""
    return canvas.draw(10, 3.0, lambda figure: _paint(figure, courses(assessment, curves)))


def courses(assessment: Assessment, curves: "pd.DataFrame") -> dict[Rates, list[str]]:
    """The names of those who took each course; who stopped early joins those who went on along the same one."""
    found: dict[Rates, list[str]] = {}
    of_member = {key: lines.sort_values("epoch") for key, lines in curves.groupby(["repeat", "fold"])}
    each = [
        (tuple(of_member[one.repeat, one.fold]["learning_rate"]), one.name) for one in assessment.members if one.trained
    ]
    for rates, name in sorted(each, key=lambda pair: -len(pair[0])):
        same = next((course for course in found if course[: len(rates)] == rates), rates)
        found.setdefault(same, []).append(name)
    return found


def _paint(figure: "Figure", taken: dict[Rates, list[str]]) -> None:
    panel = figure.subplots()
    named = 1 < len(taken) <= MOST_NAMED
    colours = (canvas.BLUE, canvas.VERMILION, canvas.GREEN, canvas.ORANGE, canvas.GREY)
    for place, (rates, names) in enumerate(taken.items()):
        colour, alpha = (colours[place], 1.0) if named or len(taken) == 1 else (canvas.BLUE, 0.35)
        label = canvas.short(", ".join(sorted(names)), 60) if named else None
        panel.plot(range(len(rates)), rates, color=colour, alpha=alpha, label=label)
    low, high = min(map(min, taken)), max(map(max, taken))
    if low > 0 and high > 100 * low:
        canvas.logarithmic(panel)
    panel.set(xlabel="epoch", ylabel="learning rate")
    whose = "the same for every member" if len(taken) == 1 else f"{len(taken)} courses, each member's by its losses"
    canvas.title(figure, f"Learning rates from {low:.2g} to {high:.2g}, {whose}")
    if named:
        figure.legend(loc="outside lower left", ncols=2)
