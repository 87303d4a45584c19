"""The kept curves, as the diagnosis takes them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldproof.config.model import Model
from foldproof.evaluation.course import SCORES, Course, Scores
from foldproof.reproducibility import read_json

HERE = Path(__file__).parent


@cache
def facts() -> dict[str, Any]:
    return dict(read_json(HERE / "facts.json"))


@cache
def recorded(name: str) -> tuple[tuple[Course, ...], Model]:
    """Of a case, by its name."""
    known, table = facts()[name], pd.read_csv(HERE / f"{name}.csv.gz")
    metric = next(one for one in SCORES if f"inner_validation_{one}" in table)
    found = []
    for member in known["members"]:
        own = table[(table["repeat"] == member["repeat"]) & (table["fold"] == member["fold"])]

        def series(column: str, own: pd.DataFrame = own) -> Any:
            return own[column].to_numpy(dtype=np.float64)

        found.append(
            Course(
                member=member["name"],
                training=series("training_loss"),
                inner=series("inner_validation_loss"),
                learning_rate=series("learning_rate"),
                best=member["best_epoch"],
                stopped=member["stopped"],
                inner_rows=member["inner_validation_rows"],
                scored_rows=member["scored_rows"],
                steps=known["steps"],
                scores=Scores(
                    metric,
                    series(f"inner_validation_{metric}"),
                    member["score"],
                    member["trivial"],
                    member["rival"],
                ),
            )
        )
    return tuple(found), Model.model_validate(known["network"])
