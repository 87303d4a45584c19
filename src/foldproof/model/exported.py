"""A trained model on disk: `model.json` says what it is, `members.safetensors` holds weights and preprocessing.

Loading executes no stored code. The model is the mean of its members' predicted probabilities (or values). A member may
be several snapshots of one network, whose mean it predicts; the weights on disk then have an axis of snapshots.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.config.problems import problems_of
from foldproof.data.batches import padded
from foldproof.data.preprocessing import Preprocessing
from foldproof.data.schema import Schema
from foldproof.data.statistics import Statistics
from foldproof.data.usable import require_usable
from foldproof.errors import DataError, unknown_name
from foldproof.model.build import build
from foldproof.model.factory_source import hash_of_source
from foldproof.model.output_activations import OUTPUT_ACTIVATIONS, OutputActivation
from foldproof.model.stacked import StackedNetwork, State, stack
from foldproof.model.start_source import RECORD, WEIGHTS
from foldproof.reproducibility import read_json, using_threads, write_json, write_whole

SCHEMA = 1
LEARNT_ROWS = "learnt_rows."  # how the arrays of these hashes are called, before the member's place
CHUNK = 1024  # rows predicted at a time

View = Callable[[Tensor], Tensor]  # of raw rows `[M, n, *shape]`


@dataclass(frozen=True)
class ExportedModel:
    """M trained members of S snapshots with their preprocessing, ready to predict raw rows."""

    schema: Schema
    record: dict[str, Any]  # model.json
    preprocessing: Preprocessing
    network: StackedNetwork
    matrix: Tensor  # [M*S, N], the snapshots of a member side by side
    buffers: State  # [M*S, ...]
    statistics: dict[str, Tensor]  # float32, [M, ...]
    settings: State  # of layers that draw, such as dropout rates, [M*S, ...]
    learnt_rows: tuple[NDArray[np.int64], ...] = ()  # hashes of the rows that each member has learnt from
    only: int | None = None  # the place of the one target that it predicts; None: all of them, side by side

    @property
    def members(self) -> list[dict[str, Any]]:
        """Seed, repeat, fold, best epoch and epochs of each member."""
        return list(self.record["members"])

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Which members are more than initial weights, `[M]`; one that diverged in its first epoch is in no mean."""
        return np.array([one.get("best_epoch", 0) >= 0 for one in self.members])

    @property
    def snapshots(self) -> int:
        """S, how many networks make up a member."""
        return int(self.record.get("snapshots", 1))

    @property
    def draws(self) -> bool:
        """Whether masks would change a prediction: some layer drops something."""
        return any(bool((value > 0).any()) for value in self.settings.values())

    def alone(self, place: int) -> "ExportedModel":
        """The same model, which predicts the target at `place` alone."""
        return replace(self, only=place)

    def predict_members(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Each member's probabilities `[M, n, C]`, or values `[M, n]` in original units, of raw rows `[n, *shape]`.

        Those of several targets stand side by side, `[M, n, K]`; `schema.apart` takes them apart.
        """
        if features.shape[1:] != self.schema.shape:
            raise DataError(
                f"rows of shape {features.shape[1:]} given to a model of {self.schema.name!r}, "
                f"which takes {self.schema.shape}"
            )
        require_usable(features, self.schema, "rows to predict")
        everyone = np.broadcast_to(np.arange(len(features)), (len(self.members), len(features)))
        return self.predict_rows(features, everyone)

    def predict_rows(self, features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """As `predict_members`, but member m predicts the rows of `features` that `rows[m]` lists, `[M, n]`."""
        return np.asarray(self.predict_snapshots(features, rows).mean(axis=1))

    def predict_lists(self, features: NDArray[Any], lists: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """As `predict_rows`, of lists that differ in length; each member's predictions are as many as its rows."""
        found = self.predict_rows(features, padded(lists))
        return [one[: len(rows)] for one, rows in zip(found, lists, strict=True)]

    def predict_snapshots(
        self, features: NDArray[Any], rows: NDArray[np.int64], view: View | None = None, mask: int | None = None
    ) -> NDArray[np.float32]:
        """As `predict_rows`, by each snapshot alone, `[M, S, n, C]` or `[M, S, n]`.

        Args:
            features: raw rows.
            rows: which of them each member predicts, `[M, n]`.
            view: how the rows are looked at, such as mirrored; None: as they are.
            mask: the number of a Monte-Carlo mask, which follows from it and the member; None: nothing is dropped.
        """
        starts = range(0, max(rows.shape[1], 1), CHUNK)  # also where there is no row, for the shape of the result
        with using_threads(self.record["plan"]["threads"]):
            chunks = [self._predict(features, rows[:, start : start + CHUNK], view, mask, start) for start in starts]
        together = torch.cat(chunks, dim=1).float().numpy()
        return together.reshape(len(self.members), self.snapshots, *together.shape[1:])

    def predict(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """The model: the mean over members that have learnt, `[n, C]`, `[n]`, or of several targets `[n, K]`."""
        if not self.trained.any():
            raise DataError("every member of this model diverged before its first epoch ended; train it anew")
        return np.asarray(self.predict_members(features)[self.trained].mean(axis=0))

    @torch.inference_mode()
    def _predict(
        self, features: NDArray[Any], rows: NDArray[np.int64], view: View | None, mask: int | None, start: int
    ) -> Tensor:
        raw = torch.as_tensor(np.asarray(features[rows]), dtype=self.matrix.dtype)
        seen = raw if view is None else view(raw)
        normal = self._each_snapshot(self.preprocessing(seen, self.statistics))
        if mask is None:
            outputs = self.network(self.matrix, self.buffers, normal)
        else:
            keys = randomness.fold_in(randomness.fold_in(self._mask_keys(), mask), start)
            outputs = self.network.with_masks(self.matrix, self.buffers | self.settings, normal, keys)
        targets, activations = self.schema.targets, self.record["output_activations"]
        parts = outputs.split([target.outputs for target in targets], dim=-1)
        found = [OUTPUT_ACTIVATIONS[name](part) for name, part in zip(activations, parts, strict=True)]
        found = [
            part if target.classes else self._in_units(place, part)
            for place, (target, part) in enumerate(zip(targets, found, strict=True))
        ]
        if len(found) == 1 or self.only is not None:
            return found[self.only or 0]
        return torch.cat([part.reshape(*outputs.shape[:2], -1) for part in found], dim=-1)

    def _in_units(self, place: int, values: Tensor) -> Tensor:
        """What is predicted of the target at `place`, `[M*S, n]`, in the target's own units."""
        center, scale = (
            self._each_snapshot(self.statistics[f"target_{name}"]).reshape(len(values), -1)[:, place, None]
            for name in ("center", "scale")
        )
        return values * scale + center

    def _each_snapshot(self, values: Tensor) -> Tensor:
        """Values `[M, ...]` of members as those of their snapshots, `[M*S, ...]`."""
        return values.unsqueeze(1).expand(-1, self.snapshots, *values.shape[1:]).flatten(0, 1)

    def _mask_keys(self) -> Tensor:
        """The members' keys, under a place of their own; the snapshots of a member share its masks."""
        keys = [randomness.key_of(one["seed"], one["repeat"], one["fold"]) for one in self.members]
        return randomness.at(self._each_snapshot(torch.stack(keys)), "monte_carlo_dropout")

    def save(self, folder: str | Path) -> None:
        """Write both files, each whole."""
        from safetensors.torch import save

        arrays = {f"parameters.{name}": part for name, part in self.network.layout.unfold(self.matrix).items()}
        arrays |= {f"buffers.{name}": part for name, part in self.buffers.items()}
        if self.snapshots > 1:
            arrays = {name: part.unflatten(0, (-1, self.snapshots)) for name, part in arrays.items()}
        arrays |= {f"statistics.{name}": part for name, part in self.statistics.items()}
        arrays |= {f"{LEARNT_ROWS}{place}": torch.from_numpy(rows) for place, rows in enumerate(self.learnt_rows)}
        content = save({name: array.detach().cpu().contiguous() for name, array in arrays.items()})
        write_whole(Path(folder) / WEIGHTS, content)
        write_json(Path(folder) / RECORD, self.record)

    @classmethod
    def load(cls, folder: str | Path) -> "ExportedModel":
        """Read what `save` wrote; raises DataError where it is missing, cut short or of another format."""
        from pydantic import ValidationError

        place = Path(folder)
        record, arrays = read_files(place)
        schema = Schema.from_dict(record["data"], f"{place}/model.json: data")
        try:
            section = Model.model_validate(record["network"])
        except ValidationError as error:
            raise DataError(*problems_of(error, Model, f"{place}/model.json: network")) from None
        if hash_of_source(section) != record.get("network_source", ""):
            raise DataError(
                f"{place}/model.json: the source of {section.factory} is not the one that this model was trained with; "
                "check out that version, or train anew"
            )
        activations = record.get("output_activations", [None])
        unknown = [
            unknown_name(f"{place}/model.json: output_activations", found, OUTPUT_ACTIVATIONS)
            for found in activations
            if found not in OUTPUT_ACTIVATIONS
        ]
        if unknown:
            raise DataError(*unknown)
        preprocessing = Preprocessing.from_dict(record["preprocessing"])
        network, _, anew = stack([build(section, preprocessing.inputs, schema.outputs, randomness.key_of(0))])
        snapshots = record.get("snapshots", 1) > 1
        parameters, buffers = (under(f"{kind}.", arrays, snapshots) for kind in ("parameters", "buffers"))
        matrix = network.layout.fold(parameters)
        settings = {name: value.expand(len(matrix), *value.shape[1:]) for name, value in network.settings(anew).items()}
        learnt = under("statistics.", arrays)
        rows = learnt_rows_of(arrays)
        return cls(schema, record, preprocessing, network, matrix, buffers, learnt, settings, rows)


def read_files(place: Path) -> tuple[dict[str, Any], State]:
    """Record and arrays of an exported model; raises DataError as `ExportedModel.load` does."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        record = read_json(place / RECORD)
        arrays = load_file(place / WEIGHTS)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: no such file; `dvc repro` trains a model there") from None
    except (SafetensorError, ValueError) as error:
        raise DataError(f"{place}: not a readable model: {error}; `dvc checkout` brings it back") from None
    if record.get("schema_version") != SCHEMA:
        raise DataError(
            f"{place}/{RECORD}: schema_version: found {record.get('schema_version')!r}, this foldproof reads "
            f"{SCHEMA}; train the model anew with this version, or use the version that wrote it"
        )
    return record, arrays


def export(
    schema: Schema,
    section: Model,
    members: list[dict[str, Any]],
    network: StackedNetwork,
    matrix: Tensor,
    buffers: State,
    statistics: Statistics,
    plan: dict[str, Any],
    output_activations: Sequence[OutputActivation],
    snapshots: int = 1,
    started_from: dict[str, Any] | None = None,
    learnt_rows: Sequence[NDArray[np.int64]] = (),
    learnt_rows_complete: bool = False,
) -> ExportedModel:
    """The trained members as a model; `members`, `plan` and `started_from` are what the record tells of them.

    The matrix is `[M*S, N]` and buffers are `[M*S, ...]` of members with S `snapshots` each. `learnt_rows` are each
    member's hashes of the rows that it has learnt from; they are complete where those of what it started from, and of
    what that had started from, are among them.
    """
    record = {
        "schema_version": SCHEMA,
        "data": schema.to_dict(),
        "preprocessing": statistics.preprocessing.to_dict(),
        "network": section.model_dump(mode="json", exclude={"start_from"}),  # a path, which says nothing elsewhere
        "network_source": hash_of_source(section),
        "output_activations": list(output_activations),
        "members": members,
        "plan": plan,
        **({"snapshots": snapshots} if snapshots > 1 else {}),
        **({"started_from": started_from} if started_from else {}),
        **({"learnt_rows_complete": learnt_rows_complete} if learnt_rows else {}),
    }
    learnt = {name: torch.from_numpy(value).to(matrix.dtype) for name, value in statistics.learnt.items()}
    saved, settings = network.saved_buffers(buffers), network.settings(buffers)
    rows = tuple(learnt_rows)
    return ExportedModel(schema, record, statistics.preprocessing, network, matrix, saved, learnt, settings, rows)


def learnt_rows_of(arrays: State) -> tuple[NDArray[np.int64], ...]:
    """Hashes of the rows that each member has learnt from; none where the model was written without them."""
    found = under(LEARNT_ROWS, arrays)
    return tuple(found[str(place)].numpy() for place in range(len(found)))


def under(prefix: str, arrays: State, snapshots: bool = False) -> State:
    """The arrays of a kind by their own names; an axis of snapshots is folded into that of members."""
    found = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    return {name: array.flatten(0, 1) for name, array in found.items()} if snapshots else found
