"""How figures are written for people: three or four digits that matter, units, plus and minus."""

from collections.abc import Sequence

from foldproof.metrics import Metric


def figure(value: float, metric: Metric) -> str:
    """A score as text: four decimals where the metric is bounded by 1 or 2, else four significant digits."""
    if metric.unit == "target":
        return f"{value:#.4g}".rstrip(".")
    return f"{value:.4f}"


def with_spread(mean: float, spread: float, metric: Metric) -> str:
    """`mean ± spread`."""
    return f"{figure(mean, metric)} ± {figure(spread, metric)}"


def span(low: float | None, high: float | None, metric: Metric) -> str:
    """`low to high`, or why there is none."""
    if low is None or high is None:
        return "no interval"
    return f"{figure(low, metric)} to {figure(high, metric)}"


def signed(gain: float, metric: Metric) -> str:
    """A gain with its sign."""
    text = figure(gain, metric)
    return text if text.startswith("-") else f"+{text}"


def named(metric: Metric, target: str) -> str:
    """The metric's label with its unit: `log loss (nats)`, `RMSE (progression)`."""
    unit = target if metric.unit == "target" else metric.unit
    return f"{metric.label} ({unit})" if unit else metric.label


def counted(number: int, what: str) -> str:
    """`1 member`, `2 members`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(names: Sequence[str]) -> str:
    """`one, another and a third`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
