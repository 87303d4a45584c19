"""The notebook's call does what the pipeline does, and its model predicts raw rows, also from files."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from foldproof import CrossValidation, cross_validate
from foldproof.cli import main
from foldproof.errors import ConfigError, DataError
from foldproof.prediction import predict_files

SETTINGS = {
    "split": {"folds": 3},
    "model": {"mlp": {"hidden": [16]}, "dropout": 0.2},
    "train": {"epochs": 15, "optimizer": {"learning_rate": 0.01}, "accelerator": "cpu"},
}


def computed() -> CrossValidation:
    found = load_breast_cancer()
    return cross_validate(
        found.data,
        found.target,
        SETTINGS,
        name="cancer",
        feature_names=tuple(found.feature_names),
        progress=False,
    )


result = cache(computed)


def test_it_is_as_good_as_a_network_on_this_data_should_be() -> None:
    assert result().assessment.headline.mean > 0.93


def test_the_tables_are_complete() -> None:
    found = result()
    assert len(found.out_of_fold) + len(found.test_rows) == 569
    assert set(found.curves.fold) == {0, 1, 2}
    assert "logistic regression" in str(found)


def test_the_same_call_gives_the_same_bits() -> None:
    rows = load_breast_cancer().data
    assert np.array_equal(computed().predict(rows), result().predict(rows))


def test_what_is_legal_but_unwise_is_a_warning() -> None:
    found = load_breast_cancer()
    settings = {"model": {"name": "linear"}, "train": {"epochs": 1, "loss": "mse", "accelerator": "cpu"}}
    with pytest.warns(UserWarning, match=r"train\.loss\.name: mse is slow to learn classes"):
        cross_validate(found.data, found.target, settings, progress=False)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"train\.epocs: unknown key"):
        cross_validate(np.zeros((9, 2)), np.zeros(9), {"train": {"epocs": 3}})


def test_rows_of_another_shape_are_refused_though_their_values_are_as_many() -> None:
    rows = load_breast_cancer().data[:4]
    with pytest.raises(DataError, match=r"rows of shape \(5, 6\), the model takes \(30,\)"):
        result().predict(rows.reshape(4, 5, 6))
    assert result().predict(rows).shape == (4, 2)


def test_rows_in_a_csv_file_are_predicted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result().model.save(tmp_path / "models")
    rows = load_breast_cancer(as_frame=True).data
    rows.assign(extra=1)[sorted(rows.columns)].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "predict",
                str(tmp_path / "new.csv"),
                str(tmp_path / "out.csv"),
                "--model",
                str(tmp_path / "models"),
            ]
        )
    assert caught.value.code == 0
    assert "569 predictions, the mean of 3 networks" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out.csv")
    wanted = result().predict(rows.to_numpy())
    np.testing.assert_allclose(table[["p_0", "p_1"]], wanted, rtol=1e-4, atol=1e-5)
    assert (table.prediction == wanted.argmax(1)).all()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("new.csv", "a,b\n1,2\n", "columns missing: mean radius"),
        ("new.txt", "", "legal are"),
        ("none.csv", None, "no such file"),
        ("new.csv", "", "not a readable CSV"),
        ("new.npy", "junk", "not a readable array"),
        ("new.npz", "junk", "not a readable array"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    result().model.save(tmp_path / "models")
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=told):
        predict_files([tmp_path / name], tmp_path / "out.csv", tmp_path / "models")
    assert not (tmp_path / "out.csv").exists()


def test_missing_values_in_new_rows_are_named(tmp_path: Path) -> None:
    result().model.save(tmp_path / "models")
    rows = load_breast_cancer(as_frame=True).data.head(4)
    rows.iloc[2, 0] = np.nan
    rows.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="missing or infinite values in rows 2"):
        predict_files([tmp_path / "new.csv"], tmp_path / "out.csv", tmp_path / "models")
