"""The studies' own params: closed sections, whose names of techniques are those of foldproof's tables."""

from collections.abc import Mapping
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from foldproof.config import Params, params_from
from foldproof.config.closed import Closed, Count, Positive, Rate
from foldproof.config.model import ActivationName, InitializerName
from foldproof.config.optimizer import OptimizerName
from foldproof.config.problems import problems_of
from foldproof.config.reading import read_yaml
from foldproof.config.schedule import Schedule
from foldproof.errors import ConfigError

PATH = Path(__file__).parent / "params.yaml"
MOST = 8  # lines or panels of a picture

Value = TypeVar("Value")
Some = Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST, strict=False)]
Several = Annotated[tuple[Value, ...], Field(min_length=1, strict=False)]
Changes = dict[str, Any]


class Study(Closed):
    """What every study has."""

    changes: Changes = Field(default_factory=dict)
    """dotted keys of foldproof's params and their values, over those of `base`"""


class Optimizers(Study):
    """Study `optimizers`."""

    names: Some[OptimizerName]
    rates: Several[Positive]
    """learning rates to try, in units of the one that `auto` means"""


class Activations(Study):
    """Study `activations`."""

    names: Some[ActivationName]
    rates: Several[Positive]
    """learning rates to try"""
    reached: Positive
    """training loss at which the epochs are counted"""


class Schedules(Study):
    """Study `schedules`."""

    settings: Some[Schedule]
    """as in `train.schedule`"""
    rates: Several[Positive]
    """learning rates to try"""


class Depth(Study):
    """Study `depth`."""

    activations: Some[ActivationName]
    initializers: Some[InitializerName]
    layers: Several[Count]
    units: Count
    """of each hidden layer"""
    rates: Several[Positive]
    """learning rates to try"""


class Network(Closed):
    """Activation and initial weights of a deep network."""

    activation: ActivationName
    initializer: InitializerName
    scale: Positive
    """what the initial weights are multiplied by"""


class Signals(Study):
    """Study `signals`."""

    networks: Some[Network]
    layers: Count
    shown: Some[Count]
    """which layers are drawn, counted from 1"""
    units: Count
    """of each hidden layer"""


class Dropout(Study):
    """Study `dropout`."""

    rates: Several[Rate]


class BatchNorm(Study):
    """Study `batch_norm`."""

    scales: Several[Positive]
    """what the initial weights are multiplied by"""
    rates: Several[Positive]
    """learning rates to try"""
    with_it: Annotated[Changes, Field(alias="with")]
    without_it: Annotated[Changes, Field(alias="without")]


Section = TypeVar("Section", bound=Study)


def settings(name: str, section: type[Section]) -> Section:
    """A study's section of the params file; raises ConfigError with every problem."""
    try:
        return section.model_validate(read_yaml(PATH)[name])
    except ValidationError as error:
        raise ConfigError(*problems_of(error, section, f"{PATH.name}: {name}")) from None


def trial(study: Study, changes: Mapping[str, Any] | None = None) -> Params:
    """The params of one network of a study: `base`, changed by the study's dotted keys and then by these."""
    values = deepcopy(read_yaml(PATH)["base"])
    for path, value in {**study.changes, **(changes or {})}.items():
        *sections, key = path.split(".")
        reduce(lambda place, section: place.setdefault(section, {}), sections, values)[key] = value
    return params_from(values, where=PATH.name)
