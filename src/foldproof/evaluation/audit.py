"""`foldproof audit`: from the manifests on disk, that no held-out row had a part in what was fitted.

The hash of each member's training rows, taken anew from the roles of the split, must be the one that the split's own
manifest, the statistics' manifest and the model's record hold; the statistics of one member, fitted anew, must be the
stored bytes; and the model must carry the stored statistics.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.preprocess import Preprocess
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import preprocessing_of
from foldproof.data.splits import Role, Split, hash_of_rows
from foldproof.data.statistics import fit_rows
from foldproof.errors import DataError
from foldproof.reproducibility import read_json

PREPARED, SPLITS, STATISTICS, MODEL = "data/prepared", "data/splits", "data/statistics", "models"


@dataclass(frozen=True)
class Proof:
    """What was compared, for a member or for all, and what came of it."""

    member: str
    subject: str
    holds: bool
    told: str


def audit(root: Path, section: Preprocess) -> list[Proof]:
    """Every comparison, held or not; raises DataError where files are missing.

    `section` is what the statistics were fitted by.
    """
    dataset, split = Dataset.load(root / PREPARED), Split.load(root / SPLITS)
    dealt, manifest, model = (
        _json(root / path) for path in (f"{SPLITS}/split.json", f"{STATISTICS}/manifest.json", f"{MODEL}/model.json")
    )
    trained = {(one["seed"], one["repeat"], one["fold"]): one.get("training_rows_sha256") for one in model["members"]}
    proofs = [_test_set(split)]
    for index, member in enumerate(split.members):
        rows = split.rows(index, Role.TRAINING)
        wanted = hash_of_rows(rows)
        noted = {
            "split": dealt["members"][index]["rows"]["training"]["sha256"],
            "statistics": manifest["rows_sha256"].get(member.name),
            "model": trained.get((member.seed, member.repeat, member.fold)),
        }
        proofs += [_hashes(member.name, subject, found, wanted, len(rows)) for subject, found in noted.items()]
    return [*proofs, *_values(root, dataset, split, section, manifest)]


def table(proofs: list[Proof]) -> str:
    """One line a comparison, and a last one that says how many do not hold."""
    widths = [max(len(getattr(one, name)) for one in proofs) for name in ("member", "subject")]
    lines = [
        f"{'ok  ' if one.holds else 'FAIL'}  {one.member:{widths[0]}}  {one.subject:{widths[1]}}  {one.told}"
        for one in proofs
    ]
    wrong = sum(not one.holds for one in proofs)
    last = f"{wrong} of {len(proofs)} comparisons do not hold" if wrong else f"all {len(proofs)} comparisons hold"
    return "\n".join([*lines, last])


def _test_set(split: Split) -> Proof:
    in_test = split.roles == Role.TEST
    holds = bool((in_test.any(axis=0) == in_test.all(axis=0)).all())
    told = f"{int(in_test.all(axis=0).sum())} rows, the same for all members"
    return Proof("all", "test set", holds, told if holds else "a test row has another role for some member")


def _hashes(member: str, subject: str, found: str | None, wanted: str, rows: int) -> Proof:
    if found == wanted:
        return Proof(member, subject, True, f"the hash of its {rows} training rows")
    told = f"found {found[:12]}, its {rows} training rows have {wanted[:12]}" if found else "names no rows of it"
    return Proof(member, subject, False, told)


def _values(root: Path, dataset: Dataset, split: Split, section: Preprocess, manifest: dict[str, Any]) -> list[Proof]:
    """The first member's statistics, fitted anew; and all members' as the model carries them."""
    stored, carried = (
        _arrays(root / path) for path in (f"{STATISTICS}/statistics.safetensors", f"{MODEL}/members.safetensors")
    )
    carried = {name.removeprefix("statistics."): one for name, one in carried.items() if name.startswith("statistics.")}
    preprocessing = preprocessing_of(section, dataset.schema)
    anew, _ = fit_rows(dataset, split.rows(0, Role.TRAINING), section, preprocessing)
    name = split.members[0].name
    place = manifest["members"].index(name) if name in manifest["members"] else 0
    wrong = _differing({key: one[place] for key, one in stored.items()}, anew)
    in_model = _differing(
        {key: one.astype(carried[key].dtype) for key, one in stored.items() if key in carried}, carried
    )
    told = f"{', '.join(sorted(anew))} have the stored bytes"
    return [
        Proof(name, "fitted anew", not wrong, f"{', '.join(wrong)} differ from the stored ones" if wrong else told),
        Proof(
            "all",
            "carried by the model",
            not in_model,
            f"{', '.join(in_model)} differ from the stored ones" if in_model else "the stored statistics",
        ),
    ]


def _differing(stored: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> list[str]:
    """Names of arrays that are not there on both sides with the same bytes."""
    return sorted(
        name
        for name in stored.keys() | other.keys()
        if name not in stored or name not in other or not np.array_equal(stored[name], other[name], equal_nan=True)
    )


def _json(path: Path) -> Any:
    if not path.exists():
        raise DataError(f"{path}: no such file; run `dvc repro`, or `dvc checkout`")
    return read_json(path)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (FileNotFoundError, SafetensorError) as error:
        raise DataError(f"{path}: not readable ({error}); run `dvc repro`, or `dvc checkout`") from None
