"""Cross-validated deep learning that proves itself: every fold trains at once, nothing leaks, every run replays."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foldproof.cross_validation import CrossValidation, cross_validate

__version__ = "0.1.0"
__all__ = ["CrossValidation", "__version__", "cross_validate"]


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: importing the package costs nothing."""
    if name in ("CrossValidation", "cross_validate"):
        return getattr(import_module("foldproof.cross_validation"), name)
    raise AttributeError(f"module 'foldproof' has no attribute {name!r}")
