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
        f"{audit['rows']} rows: {audit['test_rows']} held out as test set ({audit['test_set']}), the rest in "
        f"{audit['folds']} folds x {audit['repeats']}, split.kind {audit['kind']} by {audit['unit']}; "
        f"{audit['duplicate_rows']} rows have duplicates, kept {audit['duplicates']}"
        + (f"; {audit['unused_rows']} rows stay unused" if audit["unused_rows"] else "")
    )


if __name__ == "__main__":
    stage("split", main)
