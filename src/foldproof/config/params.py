"""The whole of `params.yaml`: sections together, read with YAML 1.2's rules, flattened for the record."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field, ValidationError

from foldproof.config.augment import Augment
from foldproof.config.check import Check
from foldproof.config.closed import Closed, Seed
from foldproof.config.customary import Kind, with_customary
from foldproof.config.data import Data
from foldproof.config.evaluate import Evaluate
from foldproof.config.model import Model
from foldproof.config.preprocess import Preprocess
from foldproof.config.problems import problems_of
from foldproof.config.reading import read_yaml
from foldproof.config.split import Split
from foldproof.config.train import Train
from foldproof.errors import ConfigError
from foldproof.reproducibility import read_json

SCHEMA = 1
Scalar = str | int | float | bool


class Params(Closed):
    """Everything that a user can set; each section is what the stages that declare it may read."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    """version of this file's format"""
    seed: Seed = 0
    """decides initial weights, order of rows, masks"""
    data: Data = Data()
    split: Split = Split()
    preprocess: Preprocess = Preprocess()
    augment: Augment = Augment()
    check: Check = Check()
    model: Model = Model()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()

    def flat(self) -> dict[str, Scalar]:
        """Dotted names to scalars; of the blocks of a choice only the named one, since the others shaped nothing.

        Nor did section `check`, which stops a training or lets it be.
        """
        rows: dict[str, Scalar] = {"schema": self.schema_version}
        for name in type(self).model_fields:
            if name not in ("schema_version", "check"):
                rows.update(_flatten(name, getattr(self, name)))
        return rows


def load_params(path: str | Path = "params.yaml", kind: Kind | None = None) -> Params:
    """Read and validate a params file; raises ConfigError with every problem, one a line.

    A key that is not there, or `auto`, is as is customary for the `kind`, or for that of the data that is prepared
    beside the file. Before any is, images are supposed: the stage that then reads the file needs no such key.
    """
    kind = kind or _kind_prepared(Path(path).parent) or "image"
    return params_from(read_yaml(Path(path)), str(path), kind, absent=True)


def params_from(values: object, where: str = "params", kind: Kind = "image", *, absent: bool = False) -> Params:
    """Validate plain values (as YAML gives them); raises ConfigError with every problem, one a line.

    Args:
        values: sections by name.
        where: names them in messages.
        kind: of the data, for what is customary.
        absent: keys that are not there are as is customary for the kind, instead of taking their defaults.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: found {type(values).__name__}, legal: sections such as data, model, train")
    version = values.get("schema")
    if version != SCHEMA or isinstance(version, bool):
        found = "no schema" if "schema" not in values else f"schema {version!r}"
        raise ConfigError(
            f"{where}: schema: found {found}, this foldproof reads schema {SCHEMA}; "
            "write `schema: 1`, or use the foldproof version that wrote the file"
        )
    try:
        return Params.model_validate(with_customary(values, kind, absent=absent))
    except ValidationError as error:
        raise ConfigError(*problems_of(error, Params, where)) from None


def _kind_prepared(root: Path) -> Kind | None:
    """The kind of data that stage prepare found in a workspace; None where it has not run."""
    path = root / "data" / "prepared" / "schema.json"
    if not path.exists():
        return None
    found: Kind | None = read_json(path).get("kind")
    return found if found in get_args(Kind) else None


def _flatten(path: str, value: object) -> dict[str, Scalar]:
    if isinstance(value, Closed):
        unused = _blocks_not_chosen(value)
        rows: dict[str, Scalar] = {}
        for name, content in value:
            if name not in unused:
                rows.update(_flatten(f"{path}.{name}", content))
        return rows
    if value is None:
        return {path: "none"}
    if isinstance(value, tuple) and any(isinstance(item, Closed) for item in value):
        parts = [_flatten(f"{path}.{place}", item) for place, item in enumerate(value)]
        return {name: scalar for part in parts for name, scalar in part.items()}
    if isinstance(value, tuple):
        return {path: ", ".join(str(item) for item in value)}
    if isinstance(value, dict):
        return {path: ", ".join(f"{name}: {item}" for name, item in value.items()) or "none"}
    assert isinstance(value, str | int | float | bool)
    return {path: value}


def _blocks_not_chosen(section: Closed) -> set[str]:
    """Names of the blocks that belong to a choice (such as `adam` to `name: adam`) which was not made."""
    legal: set[Any] = set()
    chosen: set[Any] = set()
    for name, field in type(section).model_fields.items():
        if choices := set(_literals_in(field.annotation)):
            legal |= choices
            value = getattr(section, name)
            chosen |= set(value.values() if isinstance(value, dict) else [value])
    return {name for name, content in section if isinstance(content, Closed) and name in legal - chosen}


def _literals_in(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for part in get_args(annotation) for value in _literals_in(part)]
