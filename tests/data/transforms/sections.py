"""Every choice of section `preprocess`, read off the section itself, so that a new row of a table is tested too."""

from typing import Any, Literal, get_args, get_origin

from foldproof.config.customary import Kind
from foldproof.config.preprocess import REACH, Preprocess

NUMERIC: dict[str, tuple[Any, ...]] = {"pca": (2, 0.6), "missing_indicator": (True,), "whiten_epsilon": (0.1,)}


def _choices() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {"default": {}}
    for name, field in Preprocess.model_fields.items():
        literal = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        for value in (*literal, *NUMERIC.get(name, ())):
            if value != field.default:
                found[f"{name} {value}"] = {name: value}
    return found


CHOICES = _choices()
CHOICES["all at once"] = {
    "power": "yeo_johnson",
    "scaler": "robust",
    "impute": "median",
    "missing_indicator": True,
    "pca": 0.9,
    "whiten": "pca",
    "categories": "embed",
}


def choices_of(kind: Kind) -> dict[str, dict[str, Any]]:
    """The choices for such data: without the keys that do nothing to it."""
    acting = {
        name: {key: value for key, value in section.items() if kind in REACH[key].kinds}
        for name, section in CHOICES.items()
    }
    return {name: section for name, section in acting.items() if section or not CHOICES[name]}
