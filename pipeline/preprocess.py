"""Stage preprocess: every member's statistics, from its training rows alone -> data/statistics/."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the stacked statistics with the hash of the rows each one saw, and the augmentation preview."""
    from foldproof.data.dataset import Dataset
    from foldproof.data.preview import save_preview
    from foldproof.data.splits import Split
    from foldproof.data.statistics import fit_statistics, save_statistics

    dataset, split = Dataset.load("data/prepared"), Split.load("data/splits")
    save_statistics(fit_statistics(dataset, split, params.preprocess), split, "data/statistics")
    save_preview(dataset, split, params.augment, "reports/augmentation.png")
    print(f"statistics of {len(split.members)} members, each from its own training rows")


if __name__ == "__main__":
    stage("preprocess", main)
