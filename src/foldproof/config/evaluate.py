"""Section `evaluate`: how scores are told."""

from typing import Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Share

MetricName = Literal["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "r2", "rmse", "mae"]


class Evaluate(Closed):
    """The primary metric and its intervals."""

    primary_metric: MetricName | Auto = "auto"
    confidence: Share = 0.95
    bootstrap: int = Field(default=2000, ge=100)
