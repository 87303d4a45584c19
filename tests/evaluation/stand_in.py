"""What training would leave behind, made quickly: scikit-learn networks stand in for members."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from foldproof.config.evaluate import Evaluate
from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Role, Split, make_split
from foldproof.evaluation import Assessment, assess
from foldproof.reproducibility import sha256

EPOCHS = 30


@dataclass(frozen=True)
class Run:
    """The arguments of `assess`, and what it makes of them."""

    dataset: Dataset
    split: Split
    out_of_fold: pd.DataFrame
    test_members: NDArray[Any]
    model_record: dict[str, Any]
    curves: pd.DataFrame
    manifest: dict[str, Any]

    def assess(self, section: Evaluate | None = None, **changed: Any) -> Assessment:
        arguments: dict[str, Any] = {
            "split": self.split,
            "dataset": self.dataset,
            "out_of_fold": self.out_of_fold,
            "test_members": self.test_members,
            "model_record": self.model_record,
            "curves": self.curves,
            "statistics_manifest": self.manifest,
            **changed,
        }
        section = section or Evaluate(bootstrap=200)
        return assess(schema=self.dataset.schema, params_evaluate=section, **arguments)


@cache
def digits_run(folds: int = 5, repeats: int = 1) -> Run:
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[:, None]
    dataset = describe("digits", images, bunch.target, "classification", tuple("0123456789"), target="digit")
    return make_run(dataset, folds, repeats)


@cache
def diabetes_run(folds: int = 5, repeats: int = 1) -> Run:
    bunch = load_diabetes(scaled=False)
    names = tuple(bunch.feature_names)
    dataset = describe("diabetes", bunch.data, bunch.target, feature_names=names, target="progression")
    return make_run(dataset, folds, repeats)


@cache
def digits_assessment() -> Assessment:
    return digits_run().assess()


@cache
def jumping_assessment() -> Assessment:
    """Digits, whose training losses leap up in the middle."""
    curves = digits_run().curves.copy()
    curves.loc[curves["epoch"] == 15, "training_loss"] = 2 * curves["training_loss"].max()
    return digits_run().assess(curves=curves)


@cache
def diabetes_assessment() -> Assessment:
    return diabetes_run().assess()


def make_run(dataset: Dataset, folds: int, repeats: int, test_share: float = 0.2) -> Run:
    split = make_split(
        dataset, SplitSection(folds=folds, repeats=repeats, test_share=test_share, inner_share=0.15), seed=0
    )
    fits = [fit_member(dataset, split, index) for index in range(len(split.members))]
    members = [
        {
            "seed": m.seed,
            "repeat": m.repeat,
            "fold": m.fold,
            "best_epoch": fit.best,
            "epochs": EPOCHS,
            "stopped": "patience",
        }
        for m, fit in zip(split.members, fits, strict=True)
    ]
    return Run(
        dataset,
        split,
        pd.concat([fit.out_of_fold for fit in fits], ignore_index=True),
        np.stack([fit.test for fit in fits]),
        {"schema_version": 1, "network": {"name": "mlp", "dropout": 0.0}, "members": members},
        pd.concat([fit.curve for fit in fits], ignore_index=True),
        {
            "rows_sha256": {
                member.name: sha256(split.rows(index, Role.TRAINING).astype("<i8").tobytes())
                for index, member in enumerate(split.members)
            }
        },
    )


@dataclass(frozen=True)
class MemberFit:
    """What one member leaves behind."""

    out_of_fold: pd.DataFrame
    test: NDArray[np.float32]
    curve: pd.DataFrame
    best: int


def fit_member(dataset: Dataset, split: Split, index: int) -> MemberFit:
    """One small network trained epoch by epoch; the best epoch by its loss on inner validation is kept."""
    flat = dataset.features.reshape(len(dataset.features), -1).astype(np.float64)
    flat = StandardScaler().fit(flat[split.rows(index, Role.TRAINING)]).transform(flat)
    member = split.members[index]
    training, inner = split.rows(index, Role.TRAINING), split.rows(index, Role.INNER_VALIDATION)
    scored, test = split.rows(index, Role.SCORED), split.test_rows()
    trainee = Trainee(dataset, seed=10 * member.repeat + member.fold)
    lines: list[dict[str, float]] = []
    kept: tuple[float, NDArray[Any], NDArray[Any]] | None = None
    best = 0
    for epoch in range(EPOCHS):
        trainee.learn(flat[training], dataset.targets[training])
        inner_loss, inner_score = trainee.judge(flat[inner], dataset.targets[inner])
        loss, _ = trainee.judge(flat[training], dataset.targets[training])
        lines.append(
            {
                "repeat": member.repeat,
                "fold": member.fold,
                "epoch": epoch,
                "training_loss": loss,
                "inner_validation_loss": inner_loss,
                f"inner_validation_{trainee.score}": inner_score,
                "learning_rate": 0.001,
            }
        )
        if kept is None or inner_loss < kept[0]:
            kept, best = (inner_loss, trainee.predict(flat[scored]), trainee.predict(flat[test])), epoch
    assert kept is not None
    frame = pd.DataFrame(
        {"row": scored, "repeat": member.repeat, "fold": member.fold, "target": dataset.targets[scored]}
    )
    outputs = kept[1].reshape(len(scored), -1)
    names = [f"p{c}" for c in range(outputs.shape[1])] if dataset.schema.classes else ["prediction"]
    return MemberFit(frame.assign(**dict(zip(names, outputs.T, strict=True))), kept[2], pd.DataFrame(lines), best)


class Trainee:
    """A scikit-learn network behind the few calls that are needed, for classes or for values."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.classes = len(dataset.schema.classes)
        self.score = "accuracy" if self.classes else "r2"
        made = MLPClassifier if self.classes else MLPRegressor
        rate = 0.003 if self.classes else 0.02
        self.network: Any = made(hidden_layer_sizes=(32,), random_state=seed, learning_rate_init=rate, batch_size=64)
        self.centre, self.scale = (
            (0.0, 1.0) if self.classes else (float(dataset.targets.mean()), float(dataset.targets.std()))
        )

    def learn(self, rows: NDArray[Any], targets: NDArray[Any]) -> None:
        if self.classes:
            self.network.partial_fit(rows, targets, classes=np.arange(self.classes))
        else:
            self.network.partial_fit(rows, (targets - self.centre) / self.scale)

    def predict(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        if self.classes:
            return np.asarray(self.network.predict_proba(rows), dtype=np.float32)
        return np.asarray(self.network.predict(rows) * self.scale + self.centre, dtype=np.float32)

    def judge(self, rows: NDArray[Any], targets: NDArray[Any]) -> tuple[float, float]:
        predicted = self.predict(rows).astype(np.float64)
        if self.classes:
            of_target = predicted[np.arange(len(targets)), targets]
            return float(-np.log(of_target + 1e-12).mean()), float((predicted.argmax(1) == targets).mean())
        error = float((((predicted - targets) / self.scale) ** 2).mean())
        return error, 1 - error * self.scale**2 / float(np.var(targets))
