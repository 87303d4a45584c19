"""What became of words: which vectors they began with, and how near watched pairs lie before and after training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from foldproof.config.model import Embedding
from foldproof.data.preprocessing import Inputs
from foldproof.data.splits import Split
from foldproof.model.embedding import WordVectors, embedded, name_of_table
from foldproof.model.exported import ExportedModel
from foldproof.training.members import key_of_member

WORDS = name_of_table(0)


def with_account_of_words(
    model: ExportedModel, split: Split, section: Embedding, words: WordVectors | None
) -> ExportedModel:
    """The model with `words` in its record: where vectors came from, and the cosine of each pair that is watched."""
    account: dict[str, Any] = {} if words is None else {"vectors": words.told, "fixed": words.fixed}
    if section.watch:
        keys = [key_of_member(member) for member in split.members]
        before = initial_tables(section, model.preprocessing.inputs, keys, words)
        after = model.network.layout.unfold(model.matrix)[WORDS].float()
        values, outside = model.schema.columns[0].values, {} if words is None else words.outside
        found = [cosines(section.watch, values, tables, outside) for tables in (before, after)]
        account["watched"] = [
            {"pair": list(pair), "before": first, "after": last}
            for pair, first, last in zip(section.watch, *found, strict=True)
        ]
    return replace(model, record={**model.record, "words": account}) if account else model


def told(model: ExportedModel) -> list[str]:
    """The account of words in plain words, a line each."""
    account = model.record.get("words", {})
    lines = [account["vectors"]] if "vectors" in account else []
    for one in account.get("watched", []):
        before, after = ("no vector" if value is None else f"{value:.3f}" for value in (one["before"], one["after"]))
        lines.append(f"cosine of {' and '.join(one['pair'])}: {before} before training, {after} after it")
    return lines


def initial_tables(section: Embedding, inputs: Inputs, keys: Sequence[Tensor], words: WordVectors | None) -> Tensor:
    """The members' tables of words before training, `[M, V, d]`."""
    fronts = [embedded(section, inputs, key, words)[0] for key in keys]
    return torch.stack([front.tables[0].weight.detach() for front in fronts])


def cosines(
    pairs: Sequence[tuple[str, str]], words: Sequence[str], tables: Tensor, outside: Mapping[str, Tensor]
) -> list[float | None]:
    """Of each pair the mean cosine of its vectors in the members' tables `[M, V, d]`; None where a word has none."""
    codes = {word: code for code, word in enumerate(words)}

    def vectors(word: str) -> Tensor | None:
        lower = word.lower()
        return tables[:, codes[lower]] if lower in codes else outside.get(lower)

    found = [(vectors(one), vectors(other)) for one, other in pairs]
    return [
        None if one is None or other is None else float(torch.cosine_similarity(one, other, dim=-1).mean())
        for one, other in found
    ]
