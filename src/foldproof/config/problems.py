"""From pydantic's errors to lines that a user can act on: path, found, legal, the nearest legal name."""

from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from foldproof.config.closed import section_in

_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a block of keys",
    "dict_type": "a block of names",
    "string_pattern_mismatch": "text of the form that docs/params.md tells",
    "finite_number": "a finite number",
    "none_required": "null",
}
_CALLED = {"xavier": "glorot", "kaiming": "he", "msra": "he", "swish": "silu"}  # here, what others call otherwise
_MOVED = {
    "model.mlp.batch_norm": "model.normalisation: batch, or none",
    "model.cnn.batch_norm": "model.normalisation: batch, or none",
}
_LIMITS = {
    "greater_than": ("gt", "a number > {}"),
    "greater_than_equal": ("ge", "a number >= {}"),
    "less_than": ("lt", "a number < {}"),
    "less_than_equal": ("le", "a number <= {}"),
    "too_short": ("min_length", "a list of at least {}"),
    "too_long": ("max_length", "a list of at most {}"),
}


def problems_of(error: ValidationError, root: type[BaseModel], where: str) -> list[str]:
    """One line a wrong value; what a union of types found wrong with one value is said once."""
    grouped: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # of a list with a wrong item, which is told by itself
        path = _path(detail, root)
        grouped.setdefault(path, []).append(detail)
    return [f"{where}: {line}" for path, details in grouped.items() for line in _lines(path, details, root)]


def _lines(path: str, details: list[ErrorDetails], root: type[BaseModel]) -> list[str]:
    """One line; of a section whose keys do not go together, each of those that its validator wrote (see `Closed`)."""
    if details[0]["type"] != "value_error":
        return [_line(path, details, root)]
    return [f"{path}.{told}" if path else told for told in details[0]["ctx"]["error"].args]


def _line(path: str, details: list[ErrorDetails], root: type[BaseModel]) -> str:
    first = details[0]
    if first["type"] == "extra_forbidden":
        if path in _MOVED:
            return f"{path}: unknown key; write {_MOVED[path]}"
        section, _, key = path.rpartition(".")
        legal = list(_fields_at(section, root))
        near = get_close_matches(key, legal, n=1, cutoff=0.6)
        elsewhere = {name.rpartition(".")[2]: name for name in reversed(_all_paths(root))}
        near = near or [elsewhere[name] for name in get_close_matches(key, elsewhere, n=1, cutoff=0.6)]
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{path}: unknown key, legal here: {', '.join(legal) or 'no keys'}{hint}"
    if first["type"] == "missing":
        return f"{path}: must be given"
    legal_values = [_legal(detail) for detail in details]
    names = [name for detail in details for name in _names(detail)]
    called = _CALLED.get(str(first["input"]))
    near = [called] if called in names else get_close_matches(str(first["input"]), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    kinds = " or ".join(dict.fromkeys(legal_values))
    return f"{path}: found {_shown(first['input'])}, legal: {kinds}{hint}"


def _legal(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return str(context["expected"]).replace("'", "")
    if kind in _LIMITS:
        key, text = _LIMITS[kind]
        return text.format(context[key])
    return _TYPES.get(kind, detail["msg"])


def _names(detail: ErrorDetails) -> list[str]:
    if detail["type"] != "literal_error":
        return []
    return str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")


def _path(detail: ErrorDetails, root: type[BaseModel]) -> str:
    """The YAML path; pydantic also names the branch of a union (`float`, `literal[...]`), which is cut off."""
    model: Any = root
    kept: list[str] = []
    for part in detail["loc"]:
        if isinstance(part, int):
            kept[-1] += f"[{part}]"
            continue
        if model is dict:
            kept.append(str(part))
            model = None
            continue
        names = _names_of(model)
        if part not in names and detail["type"] != "extra_forbidden":
            continue
        kept.append(part)
        model = names.get(part)
    return ".".join(kept)


def _fields_at(path: str, root: type[BaseModel]) -> dict[str, Any]:
    model: Any = root
    for part in filter(None, path.split(".")):
        model = _names_of(model).get(part.partition("[")[0])
    return _names_of(model)


def _all_paths(model: type[BaseModel], prefix: str = "") -> list[str]:
    paths: list[str] = []
    for name, section in _names_of(model).items():
        paths.append(prefix + name)
        if section is not None:
            paths.extend(_all_paths(section, f"{prefix}{name}."))
    return paths


def _names_of(model: Any) -> dict[str, Any]:
    """YAML names of a section's keys, each with the section that it holds (or a list of), or None for a plain value.

    A key that holds a block of names which are not ours stands with `dict`.
    """
    if model is None or model is dict:
        return {}
    return {
        field.alias or name: dict if get_origin(field.annotation) is dict else section_in(field.annotation)
        for name, field in model.model_fields.items()
    }


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
