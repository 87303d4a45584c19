"""Section `evaluate`: how scores are told."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Share

MetricName = Literal["entity_f1", "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "r2", "rmse", "mae"]


class AtTestTime(Closed):
    """Several views of each image, whose predictions are averaged; the exported model predicts without them."""

    flips: bool = False
    """images: also as in a mirror, left and right exchanged"""
    shifts: Annotated[int, Field(ge=0)] = 0
    """images: also moved up, down, left and right by so many pixels; what comes in is 0; 0: off"""


class Evaluate(Closed):
    """The primary metric and its intervals."""

    primary_metric: MetricName | Auto = "auto"
    """what runs are compared by; auto: entity_f1 for tags such as B-PER, else accuracy, or r2"""
    confidence: Share = 0.95
    """level of all intervals"""
    bootstrap: int = Field(default=2000, ge=100)
    """resamples of the test set for its interval"""
    test_time: AtTestTime = AtTestTime()
    monte_carlo_dropout: Literal[0] | Annotated[int, Field(ge=2)] = 0
    """passes with dropout on, for mean and spread of each prediction of a test row; 0: off, 20 to 100 are usual"""
