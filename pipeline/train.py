"""Stage train: all members as populations -> models/, learning curves, out-of-fold predictions, data/without/."""

from pathlib import Path

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Train, write the model and what it predicts of rows that it did not see."""
    from foldproof.config.warnings import warning_lines
    from foldproof.data.dataset import Dataset
    from foldproof.data.splits import Split
    from foldproof.data.statistics import load_statistics
    from foldproof.model.given import refuse_untracked
    from foldproof.model.without import save_without
    from foldproof.report.live import Display
    from foldproof.reproducibility import read_json
    from foldproof.tracking.recorder import Recorder
    from foldproof.training.beginning import beginning_of
    from foldproof.training.cross_validation import train_members
    from foldproof.training.events import Sink
    from foldproof.training.outputs import Curves, save_out_of_fold
    from foldproof.training.resume import Resume
    from foldproof.training.watched import Watched
    from foldproof.training.watched_words import told
    from foldproof.unfinished import unfinished_in

    refuse_untracked(params.model, Path.cwd())
    dataset, split = Dataset.load("data/prepared"), Split.load("data/splits")
    statistics = load_statistics("data/statistics")
    for line in warning_lines(params.model, params.train, dataset.schema.task):
        print(line)
    beginning = beginning_of(params.model, params.train, dataset.schema, split, statistics.preprocessing)
    for line in beginning.lines():
        print(line)
    verdict = read_json("reports/verdict.json")
    if not verdict["passed"]:
        print(f"training in spite of what checks found wrong, as check.on_error says: {', '.join(verdict['errors'])}")
    curves, watched = Curves(), Watched()
    with Recorder("train", params, dataset.schema, more_to_come=True) as record, Display() as display:
        sinks: list[Sink] = [display, curves, watched, record.sink]
        resume = Resume(unfinished_in(record.workspace, record.root))
        trained = train_members(
            dataset, split, statistics, params.model, params.train, params.augment, sinks, resume, beginning
        )
        trained.model.save("models")
        save_without(trained.without, "data/without")
        curves.save("reports/curves.csv", "reports/mean_curves.csv")
        watched.save("reports/watched.csv")
        save_out_of_fold(trained, dataset, split, "data/predictions/out_of_fold.parquet")
        record.results()
        resume.mark_finished(str(record.root))
    for line in told(trained.model):
        print(line)


if __name__ == "__main__":
    stage("train", main)
