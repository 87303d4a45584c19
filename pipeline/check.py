"""Stage check: what would spoil the training, before it begins -> reports/checks.json, reports/verdict.json."""

from pathlib import Path

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Look at rows, network and loss of the member that trains first; stop where an error is found, if params say so.

    Nothing is recorded: a run begins with training, and one that is refused here has trained nothing.
    """
    from foldproof.checks.finding import to_dict, verdict
    from foldproof.checks.subject import Subject
    from foldproof.checks.table import check
    from foldproof.checks.telling import refuse_errors
    from foldproof.data.dataset import Dataset
    from foldproof.data.splits import Split
    from foldproof.data.statistics import load_statistics
    from foldproof.model.given import refuse_untracked
    from foldproof.report.checks_shown import asked_for, show_findings
    from foldproof.reproducibility import using_threads, write_json
    from foldproof.training.beginning import beginning_of

    looked_at = Params(  # no other section is read
        seed=params.seed,
        preprocess=params.preprocess,
        augment=params.augment,
        check=params.check,
        model=params.model,
        train=params.train,
    )
    refuse_untracked(looked_at.model, Path.cwd())
    dataset, split = Dataset.load("data/prepared"), Split.load("data/splits")
    statistics = load_statistics("data/statistics")
    with using_threads(1):
        beginning = beginning_of(looked_at.model, looked_at.train, dataset.schema, split, statistics.preprocessing)
        found = check(Subject(dataset, split, statistics, looked_at, beginning))
        findings = show_findings(found, asked_for(looked_at.check), everything=False)
    write_json("reports/checks.json", to_dict(findings))
    write_json("reports/verdict.json", verdict(findings))
    if looked_at.check.on_error == "stop":
        refuse_errors(findings)


if __name__ == "__main__":
    stage("check", main)
