"""How a number to predict is centred and scaled while it is learnt: a table `name -> fit(table) -> (center, scale)`."""

from collections.abc import Callable

from foldproof.config.preprocess import TargetScalerName
from foldproof.data.transforms.scaling import min_max, standard, unchanged
from foldproof.data.transforms.stream import Floats, Stream

TARGET_SCALERS: dict[TargetScalerName, Callable[[Stream], tuple[Floats, Floats]]] = {
    "standard": standard,
    "min_max": min_max,
    "none": unchanged,
}
