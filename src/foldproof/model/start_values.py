"""Vectors of words and categories to start from: each goes with its value, whose code may be another in the source.

A value that a network of the source does not know begins as what that network makes of an unknown one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foldproof.data.preprocessing import Preprocessing
from foldproof.data.schema import Column, Schema
from foldproof.model.embedding import name_of_table
from foldproof.model.stacked import State


def embedded_columns(schema: Schema, preprocessing: Preprocessing) -> tuple[Column, ...]:
    """The columns whose values have vectors, in the order of their tables."""
    if preprocessing.words:
        return schema.columns
    columns = preprocessing.columns
    return tuple(schema.columns[place] for place, _ in columns.coded) if columns else ()


def with_unknown_ones(tables: State, columns: Sequence[Column], learnt: State) -> State:
    """The tables `[S, codes, d]` of columns with vectors; of values that a network does not know its unknown one.

    `learnt` is what the preprocessing of the source learnt, `[S, ...]`.
    """
    found: State = {}
    start = 0
    for place, column in enumerate(columns):
        table, values = tables[name_of_table(place)], len(column.values)
        if "codes" in learnt:
            codes = learnt["codes"][:, start : start + values]
            start += values + 1
            known = codes == torch.arange(values)
        else:
            known = learnt[f"known.{column.name}"] > 0
        beside = torch.ones(len(table), table.shape[1] - values, dtype=torch.bool)
        found[name_of_table(place)] = torch.where(torch.cat([known, beside], 1)[..., None], table, table[:, -1:])
    return found


def by_value(tensors: State, theirs: Sequence[Column], own: Sequence[Column]) -> tuple[State, tuple[str, ...]]:
    """The tensors of a source with their tables as our codes have them, and what is said of each, a line a table.

    Tables are matched by the names of columns; one that has none in the source is not among the result.
    """
    places = {column.name: place for place, column in enumerate(theirs)}
    found = {name: tensor for name, tensor in tensors.items() if name not in map(name_of_table, range(len(theirs)))}
    lines = []
    for place, column in enumerate(own):
        if column.name not in places:
            lines.append(f"{column.name}: no such column there")
            continue
        there = theirs[places[column.name]]
        table = tensors[name_of_table(places[column.name])]
        rows, shared = _rows(column, there, table.shape[1])
        found[name_of_table(place)] = table[:, rows]
        lines.append(f"{column.name}: {shared} of {len(column.values)} values have vectors there")
    return found, tuple(lines)


def _rows(own: Column, there: Column, codes: int) -> tuple[Tensor, int]:
    """For each of our codes the row of a table with so many `codes`, and how many of our values are there.

    Behind the values both have the same codes for what is none, the last for an unknown one.
    """
    code_of = {value: code for code, value in enumerate(there.values)}
    rows = [code_of.get(value, codes - 1) for value in own.values]
    return torch.tensor([*rows, *range(len(there.values), codes)]), sum(value in code_of for value in own.values)
