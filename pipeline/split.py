"""Stage split: test set, folds and inner validation -> data/splits/."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the role of every row for every member, and the audit of duplicates."""
    from foldproof.data.dataset import Dataset
    from foldproof.data.splits import make_split

    split = make_split(Dataset.load("data/prepared"), params.split, params.seed)
    split.save("data/splits")
    audit = split.audit
    print(
        f"{audit['rows']} rows: {audit['test_rows']} held out as test set, the rest in {audit['folds']} folds"
        f" x {audit['repeats']}; {audit['duplicate_rows']} rows have duplicates, each kept on one side"
    )


if __name__ == "__main__":
    stage("split", main)
