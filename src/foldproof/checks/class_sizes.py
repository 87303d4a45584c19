"""How many training rows each class has."""

import numpy as np

from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import ClassSizes
from foldproof.errors import listed


def look(subject: Subject, block: ClassSizes) -> Seen:
    """All training rows, by the first target. Of text the ratio is not judged: in any language some tags are rare."""
    schema = subject.dataset.schema
    if not schema.classes:
        return Seen("the target is a number", applies=False)
    counts = np.bincount(subject.targets(subject.training_rows), minlength=len(schema.classes))
    small = [
        f"{schema.classes[place]} ({counts[place]})" for place in np.argsort(counts) if counts[place] < block.fewest
    ]
    ratio = counts.max() / max(counts.min(), 1)
    figures = {
        "plot": "bars",
        "labels": list(schema.classes),
        "values": counts.tolist(),
        "x_label": "training rows",
        "limit": block.fewest,
    }
    folds = 1 + max(member.fold for member in subject.split.members)
    told = f"classes of {schema.target} have {counts.min()} to {counts.max()} training rows"
    advice = list[Advice]()
    if small:
        told += f"; fewer than {block.fewest}: {listed(small)}"
        sentence = "Too few rows to learn a class from, or to judge it by: gather more, or join it with another class."
        advice += [
            Advice("data.source", sentence),
            Advice("split.folds", f"More folds than {folds} leave each member more rows."),
        ]
    weighed = subject.params.train.class_weights != "none"
    if ratio > block.largest_ratio and not weighed and schema.kind != "text":
        told += f"; the largest class is {ratio:.0f} times the smallest"
        advice.append(Advice("train.class_weights", "balanced lets rows of rare classes count more in the loss."))
    return Seen(told, tuple(advice), figures)


CHECK = Check(
    "Has every class rows enough?",
    "Of a class with a handful of rows little can be learnt, and where one class is far larger than the others, always "
    "saying that one scores well.",
    look,
)
