"""A small project folder with what stages leave in it, and the events of a made-up fit, which the tests here share."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from foldproof.config import Params, params_from
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.schema import Column, Schema, Target
from foldproof.data.splits import Member, Split, make_split
from foldproof.reproducibility import write_json
from foldproof.training.events import EpochEnded, FitStarted, MemberStopped, Sink

PARAMS = "schema: 1\nsplit: {folds: 2}\nmodel: {name: mlp, mlp: {hidden: [4]}}\ntrain: {epochs: 3, batch_size: 16}\n"
MEMBERS = (Member(0, 0, 0), Member(0, 0, 1))
EPOCHS = 3


def chosen() -> Params:
    return params_from(
        {
            "schema": 1,
            "split": {"folds": 2},
            "model": {"name": "mlp", "mlp": {"hidden": [4]}},
            "train": {"epochs": EPOCHS, "batch_size": 16},
        }
    )


@cache
def dataset(kind: str) -> Dataset:
    import sklearn.datasets

    if kind == "image":
        found = sklearn.datasets.load_digits()
        return describe("digits", found.images[:120].astype(np.uint8), found.target[:120], classes=tuple("0123456789"))
    if kind == "table":
        found = sklearn.datasets.load_iris()
        names = ("sepal length", "sepal width", "petal length", "petal width")
        classes = ("setosa", "versicolor", "virginica")
        return describe("iris", found.data, found.target, classes=classes, feature_names=names)
    if kind == "mixed":
        return mixed()
    if kind == "several":
        found = sklearn.datasets.load_iris()
        species = np.array(["setosa", "versicolor", "virginica"])[found.target]
        return describe("iris", found.data[:, :3], {"species": species, "petal width": found.data[:, 3]})
    found = sklearn.datasets.load_diabetes()
    return describe("diabetes", found.data[:120], found.target[:120], "regression")


def mixed() -> Dataset:
    """A table with a column of every kind, one of which may be left out."""
    columns = (
        Column("size"),
        Column("colour", "category", ("blue", "red")),
        Column("since", "date"),
        Column("paid", "boolean"),
        Column("weight", missing=True),
    )
    rows = np.random.Generator(np.random.Philox(2)).normal(size=(60, 5)).astype(np.float32)
    rows[:, 1], rows[:, 2], rows[:, 3] = np.arange(60) % 2, 18_000 + np.arange(60), np.arange(60) % 3 == 0
    target = Target("y", "classification", ("no", "yes"))
    return complete(Dataset(Schema("mixed", "table", (5,), columns, (target,)), rows, np.arange(60) % 2))


def split_of(data: Dataset) -> Split:
    return make_split(data, chosen().split, 0)


def export_model(data: Dataset, folder: Path) -> None:
    """An untrained model: what it predicts is beside the point here."""
    from foldproof import randomness
    from foldproof.data.statistics import fit_statistics
    from foldproof.model.build import build
    from foldproof.model.exported import export
    from foldproof.model.stacked import stack
    from foldproof.training.heads import heads_for

    params, split = chosen(), split_of(data)
    statistics = fit_statistics(data, split, params.preprocess)
    keys = [randomness.key_of(index) for index in range(len(split.members))]
    network, matrix, buffers = stack(
        [build(params.model, statistics.preprocessing.inputs, data.schema.outputs, key) for key in keys]
    )
    members = [{"seed": 0, "repeat": 0, "fold": fold, "best_epoch": 1, "epochs": EPOCHS} for fold in range(2)]
    activations = [head.loss.output_activation for head in heads_for(params.train, data.schema.targets)]
    plan = {"threads": 1}
    model = export(data.schema, params.model, members, network, matrix, buffers, statistics, plan, activations)
    model.save(folder)


def make_project(root: Path, kind: str = "image", *, model: bool = False) -> Dataset:
    """A project after stage preprocess."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text("stages: {}\n")
    data = dataset(kind)
    data.save(root / "data" / "prepared")
    if model:
        export_model(data, root / "models")
    return data


def figures(member: Member, epoch: int) -> dict[str, float]:
    """The figures of an epoch; the lowest inner-validation loss is at epoch 1."""
    return {
        "training_loss": 1.0 / (epoch + 1) + member.fold,
        "inner_validation_loss": abs(epoch - 1) + 0.5 + member.fold,
        "inner_validation_accuracy": 0.5 + 0.1 * epoch + 0.05 * member.fold,
        "learning_rate": 0.1,
    }


def tell_fit(sink: Sink, epochs: range = range(EPOCHS), populations: int = 1) -> None:
    """The events of a fit of both members, together or one after the other."""
    sink(FitStarted(MEMBERS, EPOCHS, 4, "accuracy", 100, "cpu", 1, populations))
    for members in [MEMBERS] if populations == 1 else [(member,) for member in MEMBERS]:
        for epoch in epochs:
            rows = [figures(member, epoch) for member in members]
            columns: dict[str, Any] = {name: tuple(row[name] for row in rows) for name in rows[0]}
            columns["inner_validation_score"] = columns.pop("inner_validation_accuracy")
            sink(EpochEnded(epoch=epoch, members=members, running=len(members), **columns))
        for member in members:
            if epochs.stop == EPOCHS:
                sink(MemberStopped(member, EPOCHS - 1, 1, "last epoch"))


def leave_training(root: Path) -> None:
    """What stage train leaves beside the model."""
    lines = ["repeat,fold,epoch,training_loss,inner_validation_loss,inner_validation_accuracy,learning_rate"]
    for member in MEMBERS:
        for epoch in range(EPOCHS):
            row = figures(member, epoch)
            lines.append(f"{member.repeat},{member.fold},{epoch}," + ",".join(repr(value) for value in row.values()))
    (root / "reports").mkdir(exist_ok=True)
    (root / "reports" / "curves.csv").write_text("\n".join(lines) + "\n")


def leave_evaluation(root: Path) -> None:
    """What stage evaluate leaves."""
    write_json(root / "reports" / "metrics.json", {"accuracy": 0.9, "accuracy_spread": 0.02, "test": {"accuracy": 0.8}})
    write_json(root / "reports" / "evaluation.json", {"anything": [1, 2]})
    (root / "reports" / "folds.csv").write_text(
        "repeat,fold,accuracy,log_loss,stopped\n0,0,0.92,0.3,patience\n0,1,0.88,0.4,last epoch\n"
    )
    (root / "reports" / "plots").mkdir(exist_ok=True)
    (root / "reports" / "plots" / "curves.png").write_bytes(b"\x89PNG\r\n\x1a\n")


def leave_report(root: Path) -> None:
    """What stage report leaves."""
    (root / "reports" / "report.html").write_text("<!doctype html><title>report</title>")
