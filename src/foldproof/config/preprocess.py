"""Section `preprocess`: how rows are shown to a network, and which keys say anything of which kind of data."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Closed, Count, NonNegative
from foldproof.config.customary import Kind

ScalerName = Literal["standard", "min_max", "midrange", "robust"]
ImputerName = Literal["mean", "median", "most_frequent"]
CategoriesName = Literal["auto", "one_hot", "embed"]
TargetScalerName = Literal["standard", "min_max", "none"]


class Preprocess(Closed):
    """What is learnt from a member's training rows and applied to every row that it meets."""

    center: Literal["none", "feature", "channel"] = "feature"
    """what is subtracted: the mean of each column or pixel, or of each channel; of a table, each column is a channel"""
    scale: Literal["none", "feature", "channel"] = "feature"
    """what is divided by: the standard deviation, likewise"""
    scaler: ScalerName = "standard"
    """by mean and deviation; min_max: to [0, 1]; midrange: to [-1, 1]; robust: by median and interquartile range"""
    power: Literal["none", "log", "yeo_johnson"] = "none"
    """before that, what shortens long tails: log is sign(x) log(1 + |x|); yeo_johnson a power fitted to each column"""
    impute: ImputerName = "mean"
    """tables: what stands in for a missing number, of its column; a missing category is an unknown one"""
    missing_indicator: bool = False
    """tables: for each number column that has missing values, one more that says where"""
    pca: Literal["none"] | Count | Annotated[float, Field(gt=0, le=1)] = "none"
    """principal components to keep: how many, or which share of the variance; the others of a share are 0"""
    whiten: Literal["none", "pca", "zca"] = "none"
    """make the covariance the identity: of the components (pca), or turned back to the form of the rows (zca)"""
    whiten_epsilon: NonNegative = 1e-5
    """added to each variance that whitening divides by; raise it where noise is blown up"""
    categories: CategoriesName = "auto"
    """tables: a 0 or 1 for each value, or a code, to be embedded; auto: codes for columns of more than 16 values"""
    target: TargetScalerName = "standard"
    """regression: how the number to predict is centred and scaled while training; metrics are in its own units"""
    minimum_count: Count = 1
    """text: a word or other feature met less often than this in a member's training rows is unknown to it"""


@dataclass(frozen=True)
class Reach:
    """The kinds of data on which a key acts; `told` also where it is left at its default.

    A key that is in the `params.yaml` of every project is `shipped`: where it does nothing it is passed over, so that
    the file suits every kind of data, while any other is refused.
    """

    kinds: tuple[Kind, ...]
    told: bool = False
    shipped: bool = False

    def idle(self, kind: Kind) -> bool:
        """Whether the key does nothing to such data, and must not be set."""
        return kind not in self.kinds and not self.shipped


NUMBERS: tuple[Kind, ...] = ("image", "table")
REACH: dict[str, Reach] = {
    "center": Reach(NUMBERS, told=True, shipped=True),
    "scale": Reach(NUMBERS, told=True, shipped=True),
    "scaler": Reach(NUMBERS),
    "power": Reach(NUMBERS),
    "impute": Reach(("table",)),
    "missing_indicator": Reach(("table",)),
    "pca": Reach(NUMBERS),
    "whiten": Reach(NUMBERS),
    "whiten_epsilon": Reach(NUMBERS),
    "categories": Reach(("table",)),
    "target": Reach(("image", "table", "text")),
    "minimum_count": Reach(("text",), told=True),
}
