"""The base of every section, and the few kinds of value that sections are made of."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Auto = Literal["auto"]
BatchSize = Count | Literal["full"]


class Closed(BaseModel):
    """A section: unknown keys are refused, types are not guessed, values do not change.

    A validator that finds keys which do not go together tells all of it at once, `ValueError(*lines)`, a line each,
    `key: found ..., legal: ...`, where the key is one of the section's own: the path to the section is put before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def section_in(annotation: Any) -> type[Closed] | None:
    """The section that a key holds: alone, in a list (`tuple[Layer, ...]`), or where there may be none (`| None`)."""
    if isinstance(annotation, type) and issubclass(annotation, Closed):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_in(part))), None)
