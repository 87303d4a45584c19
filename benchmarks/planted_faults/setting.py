"""A setting in memory: what stages prepare, split and preprocess would hand to the checks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldproof.checks.subject import Subject
from foldproof.config import params_from
from foldproof.config.reading import read_yaml
from foldproof.data.dataset import Dataset
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics

ROOT = Path(__file__).resolve().parents[2]


def subject_of(dataset: Dataset, changes: Mapping[str, Any], seed: int = 0) -> Subject:
    """These rows under the shipped params with some keys changed, at any depth; `seed` deals and draws anew."""
    shipped = read_yaml(ROOT / "params.yaml")
    seeded = merged(shipped, {"seed": seed, "split": {"seed": seed}})
    params = params_from(merged(seeded, changes), kind=dataset.schema.kind)
    split = make_split(dataset, params.split, params.seed)
    return Subject(dataset, split, fit_statistics(dataset, split, params.preprocess), params)


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks are merged key by key; anything else is replaced."""
    return {
        **values,
        **{
            key: merged(values.get(key) or {}, change) if isinstance(change, Mapping) else change
            for key, change in changes.items()
        },
    }
