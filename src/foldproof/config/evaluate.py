"""Section `evaluate`: how scores are told."""

from typing import Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Share

MetricName = Literal["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "r2", "rmse", "mae"]


class Evaluate(Closed):
    """The primary metric and its intervals."""

    primary_metric: MetricName | Auto = "auto"
    """what runs are compared by; auto: accuracy, or r2"""
    confidence: Share = 0.95
    """level of all intervals"""
    bootstrap: int = Field(default=2000, ge=100)
    """resamples of the test set for its interval"""
