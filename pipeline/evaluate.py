"""Stage evaluate: scores, baselines on the same folds, the test set -> reports/metrics.json, plots."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Score the model once on the test set, and everything on the same folds."""
    import pandas as pd

    from foldproof.data.dataset import Dataset
    from foldproof.data.splits import Split
    from foldproof.evaluation.outputs import save_assessment
    from foldproof.evaluation.targets import assess_targets
    from foldproof.model.exported import ExportedModel
    from foldproof.model.without import load_without
    from foldproof.reproducibility import read_json
    from foldproof.tracking.recorder import Recorder
    from foldproof.unfinished import clear_finished

    dataset, split = Dataset.load("data/prepared"), Split.load("data/splits")
    seen = read_json("data/statistics/manifest.json")
    out_of_fold = pd.read_parquet("data/predictions/out_of_fold.parquet")
    curves, watched = pd.read_csv("reports/curves.csv"), pd.read_csv("reports/watched.csv")
    with Recorder("evaluate", params, dataset.schema, more_to_come=True) as record:
        model = ExportedModel.load("models")
        test = model.predict_members(dataset.features[split.test_rows()])[model.trained]
        assessment, monte_carlo = assess_targets(
            dataset,
            split,
            out_of_fold,
            model,
            load_without("data/without"),
            test,
            params.evaluate,
            curves=curves,
            statistics_manifest=seen,
        )
        save_assessment(
            assessment,
            dataset,
            split,
            out_of_fold,
            test,
            curves,
            "reports",
            "data/predictions/test.parquet",
            monte_carlo,
            watched,
        )
        record.results()
    clear_finished(record.workspace, record.root)


if __name__ == "__main__":
    stage("evaluate", main)
