"""`foldproof audit`: checks from what is on disk that no held-out row had a part in what was fitted.

The prepared arrays must be those of the fingerprint, and the model's data these; each member must have rows to learn
from and rows that score it, and out-of-fold predictions of just these. The hashes of its rows, taken anew from the
roles of the split, must be the ones that the split's manifest, the statistics' manifest and the model's record hold;
its statistics, fitted anew, must be the stored bytes; and the model must carry these and no others. The checks that the
report shows are made once more: test set, folds, duplicates, groups, time.

Nothing is trained anew: that the weights came from the rows which the model's record names, it cannot know.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.preprocess import Preprocess
from foldproof.data.array_files import digest_of, fingerprint_of
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import preprocessing_of
from foldproof.data.splits import Role, Split, hash_of_rows
from foldproof.data.statistics import fit_rows
from foldproof.errors import DataError
from foldproof.evaluation.who_saw_what import checks_of_rows
from foldproof.reproducibility import read_json

PREPARED, SPLITS, STATISTICS, MODEL = "data/prepared", "data/splits", "data/statistics", "models"
OUT_OF_FOLD = "data/predictions/out_of_fold.parquet"
CANNOT_KNOW = (
    "checked from what is on disk, without training anew: that the weights came from the rows which the model's record "
    "names, or that nobody chose by the test set, this cannot know"
)
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Proof:
    """What was compared, for a member or for all, and what came of it."""

    member: str
    subject: str
    holds: bool
    told: str


def audit(root: Path, section: Preprocess) -> list[Proof]:
    """Every comparison, held or not; raises DataError where files are missing or do not go together.

    `section` is what the statistics were fitted by.
    """
    dataset, split = Dataset.load(root / PREPARED), Split.load(root / SPLITS)
    if split.roles.shape[1] != len(dataset.features):
        raise DataError(
            f"{SPLITS}: has roles of {split.roles.shape[1]} rows, {PREPARED} has {len(dataset.features)}; "
            "run `dvc repro`, or `dvc checkout`"
        )
    dealt, manifest, model = (
        _json(root / path) for path in (f"{SPLITS}/split.json", f"{STATISTICS}/manifest.json", f"{MODEL}/model.json")
    )
    stored, carried = (
        _arrays(root / path) for path in (f"{STATISTICS}/statistics.safetensors", f"{MODEL}/members.safetensors")
    )
    seen = checks_of_rows(split, dataset, manifest)
    return [
        *_data(dataset, model),
        _members(split, manifest, model),
        *(Proof("all", one.name.replace("_", " "), one.status != "fail", one.sentence) for one in seen),
        *_roles(split),
        *_rows(split, dealt, manifest, model),
        *_scored(split, _table(root / OUT_OF_FOLD)),
        *_fitted_anew(dataset, split, section, stored),
        _carried(stored, carried),
    ]


def table(proofs: list[Proof]) -> str:
    """One line a comparison, then what is beyond them, and a last line that says how many do not hold."""
    widths = [max(len(getattr(one, name)) for one in proofs) for name in ("member", "subject")]
    lines = [
        f"{'ok  ' if one.holds else 'FAIL'}  {one.member:{widths[0]}}  {one.subject:{widths[1]}}  {one.told}"
        for one in proofs
    ]
    wrong = sum(not one.holds for one in proofs)
    last = f"{wrong} of {len(proofs)} comparisons do not hold" if wrong else f"all {len(proofs)} comparisons hold"
    return "\n".join([*lines, CANNOT_KNOW, last])


def _data(dataset: Dataset, model: dict[str, Any]) -> list[Proof]:
    """That the arrays are those of the fingerprint, and that the model was trained on data of this fingerprint."""
    noted, trained_on = dataset.schema.fingerprint, model["data"]["fingerprint"]
    facts = replace(dataset.schema, fingerprint="").to_dict()
    found = fingerprint_of(facts, {name: digest_of(array) for name, array in dataset.arrays().items()})
    return [
        _same("all", "prepared data", found, noted, "the fingerprint of its arrays"),
        _same("all", "data of the model", trained_on, noted, "the fingerprint of the prepared data"),
    ]


def _members(split: Split, manifest: dict[str, Any], model: dict[str, Any]) -> Proof:
    """That split, statistics and model have the same members in the same order."""
    wanted = [(one.seed, one.repeat, one.fold) for one in split.members]
    trained = [(one["seed"], one["repeat"], one["fold"]) for one in model["members"]]
    fitted = manifest["members"] == [one.name for one in split.members]
    wrong = ["the statistics"] * (not fitted) + ["the model"] * (trained != wanted)
    told = f"{' and '.join(wrong)} have other members than the split" if wrong else f"the same {len(wanted)} everywhere"
    return Proof("all", "members", not wrong, told)


def _roles(split: Split) -> list[Proof]:
    proofs = []
    for index, member in enumerate(split.members):
        learnt, scored = len(split.rows(index, Role.TRAINING)), len(split.rows(index, Role.SCORED))
        proofs.append(Proof(member.name, "roles", min(learnt, scored) > 0, f"{learnt} training rows, {scored} scored"))
    return proofs


def _rows(split: Split, dealt: dict[str, Any], manifest: dict[str, Any], model: dict[str, Any]) -> list[Proof]:
    """The hashes of each member's rows, as the files hold them."""
    trained = {(one["seed"], one["repeat"], one["fold"]): one for one in model["members"]}
    proofs = []
    for index, member in enumerate(split.members):
        training = hash_of_rows(split.rows(index, Role.TRAINING))
        record = trained.get((member.seed, member.repeat, member.fold), {})
        told = "the hash of its training rows"
        proofs += [
            _same(member.name, "split", dealt["members"][index]["rows"]["training"]["sha256"], training, told),
            _same(member.name, "statistics", manifest["rows_sha256"].get(member.name), training, told),
            _same(member.name, "model", record.get("training_rows_sha256"), training, told),
            _same(
                member.name,
                "learnt from",
                record.get("learnt_from"),
                hash_of_rows(split.training_part(index)),
                "the hash of its training and inner-validation rows",
            ),
        ]
    return proofs


def _scored(split: Split, predicted: Any) -> list[Proof]:
    """That the out-of-fold predictions of each member are those of its scored rows."""
    proofs = []
    for index, member in enumerate(split.members):
        own = predicted[(predicted["repeat"] == member.repeat) & (predicted["fold"] == member.fold)]
        scored = split.rows(index, Role.SCORED)
        holds = np.array_equal(np.sort(own["row"].to_numpy()), scored)
        told = "its out-of-fold predictions are those of its scored rows"
        if not holds:
            told = f"its {len(own)} out-of-fold predictions are not those of its {len(scored)} scored rows"
        proofs.append(Proof(member.name, "out of fold", holds, told))
    return proofs


def _fitted_anew(dataset: Dataset, split: Split, section: Preprocess, stored: Arrays) -> list[Proof]:
    """Each member's statistics, fitted anew on its training rows; `stored` are `[M, ...]`."""
    preprocessing = preprocessing_of(section, dataset.schema)
    proofs = []
    for index, member in enumerate(split.members):
        rows = split.rows(index, Role.TRAINING)
        if len(rows) == 0:
            proofs.append(Proof(member.name, "fitted anew", False, "it has no training rows"))
            continue
        anew, _ = fit_rows(dataset, rows, section, preprocessing)
        wrong = _differing({name: one[index] for name, one in stored.items() if index < len(one)}, anew)
        told = f"{', '.join(wrong)} differ from the stored" if wrong else f"{', '.join(sorted(anew))}: the stored bytes"
        proofs.append(Proof(member.name, "fitted anew", not wrong, told))
    return proofs


def _carried(stored: Arrays, weights: Arrays) -> Proof:
    """That the model carries the stored statistics of all members, in its own precision, and no others."""
    prefix = "statistics."
    carried = {name.removeprefix(prefix): one for name, one in weights.items() if name.startswith(prefix)}
    wanted = {name: one.astype(carried[name].dtype) if name in carried else one for name, one in stored.items()}
    wrong = _differing(wanted, carried)
    told = f"{', '.join(wrong)} differ from the stored" if wrong else "the stored statistics"
    return Proof("all", "carried by the model", not wrong, told)


def _same(member: str, subject: str, found: str | None, wanted: str, what: str) -> Proof:
    if found == wanted:
        return Proof(member, subject, True, what)
    told = f"{what}: found {found[:12]}, expected {wanted[:12]}" if found else f"{what}: found none"
    return Proof(member, subject, False, told)


def _differing(stored: Arrays, other: Arrays) -> list[str]:
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


def _arrays(path: Path) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (FileNotFoundError, SafetensorError) as error:
        raise DataError(f"{path}: not readable ({error}); run `dvc repro`, or `dvc checkout`") from None


def _table(path: Path) -> Any:
    """Rows, repeats and folds of a table of predictions."""
    import pandas as pd

    if not path.exists():
        raise DataError(f"{path}: no such file; run `dvc repro`, or `dvc checkout`")
    return pd.read_parquet(path, columns=["row", "repeat", "fold"])
