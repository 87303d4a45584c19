"""What a study leaves: its picture, and its numbers with the claims that they bear out or do not."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foldproof.reproducibility import write_json, write_whole

if TYPE_CHECKING:
    from examples.techniques.trained import Floats

FOLDER = Path(__file__).parent
DIGITS = 4  # significant ones that are kept


@dataclass(frozen=True)
class Claim:
    """A sentence that textbooks have, what was measured here, and whether it bears the sentence out."""

    text: str
    measured: str
    holds: bool


def keep(study: str, picture: bytes, tried: int, claims: list[Claim], figures: dict[str, Any]) -> None:
    """Write `pictures/<study>.png` and `results/<study>.json`; `tried` is how many settings were trained."""
    write_whole(FOLDER / "pictures" / f"{study}.png", picture)
    results = {"settings tried": tried, "claims": [asdict(claim) for claim in claims], "figures": _plain(figures)}
    write_json(FOLDER / "results" / f"{study}.json", results)
    for claim in claims:
        print(f"{'true' if claim.holds else 'not so'}: {claim.text}: {claim.measured}")


def spread(folds: "Floats") -> str:
    """Mean and standard deviation over folds."""
    return f"{folds.mean():.3f} ± {folds.std(ddof=1):.3f}"


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers to four digits, what is not finite as None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value
