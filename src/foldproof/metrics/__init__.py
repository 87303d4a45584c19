"""Scores as pure functions of targets and predictions, in one table.

`METRICS[name].function(targets, predictions)` scores rows that were predicted: probabilities `[n, C]` for
classification, values `[n]` in the target's units for regression. `primary(task)` names the metric that
decides, `names_for(task)` all that are reported; metrics of tags are told by `on` where sentences end. numpy alone,
so that training can use it too.
"""

from foldproof.metrics.entities import Sequences
from foldproof.metrics.table import METRICS, Metric, names_for, primary

__all__ = ["METRICS", "Metric", "Sequences", "names_for", "primary"]
