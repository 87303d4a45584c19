"""Section `split`: test set, folds and inner validation."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Seed, Share


class Split(Closed):
    """Test set, folds and inner validation."""

    seed: Seed = 0
    """decides test set, folds and inner validation: runs with the same one compare fairly"""
    kind: Literal["auto", "random", "group", "time"] = "auto"
    """what is dealt: rows, whole groups, or rows by time; auto: time, else group, where the data has it, else random"""
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """share held out of everything but `evaluate`: by a hash of the row's values or of its group, or the latest"""
    folds: Annotated[int, Field(ge=2)] = 5
    """5 or 10 are usual"""
    repeats: Count = 1
    """deal the folds anew this often; 2 to 5 narrow the interval on little data"""
    inner_share: Share = 0.1
    """share of each training part on which a member stops early and picks its best epoch"""
    stratify: bool | Auto = "auto"
    """equal shares of the classes in every fold; auto: yes, for classes, but not by time or of text"""
    gap: NonNegative = 0.0
    """time: how much earlier than what is scored all must be that is learnt from, in units of the times; dates: days"""
    duplicates: Literal["together", "separate"] = "together"
    """whether equal rows stay on one side (by time an earlier one may be known); separate leaks what is scored"""
