"""A trained model on disk: `model.json` says what it is, `members.safetensors` holds weights and preprocessing.

Loading executes no stored code. The model is the mean of its members' predicted probabilities (or values).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.config.problems import problems_of
from foldproof.data.dataset import Schema
from foldproof.data.statistics import Statistics, normalise
from foldproof.errors import DataError, unknown_name
from foldproof.model.build import build
from foldproof.model.factory_source import hash_of_source
from foldproof.model.output_activations import OUTPUT_ACTIVATIONS, OutputActivation
from foldproof.model.stacked import StackedNetwork, State
from foldproof.reproducibility import read_json, using_threads, write_json, write_whole

SCHEMA = 1
CHUNK = 1024  # rows predicted at a time


@dataclass(frozen=True)
class ExportedModel:
    """M trained members with their preprocessing, ready to predict raw rows."""

    schema: Schema
    record: dict[str, Any]  # model.json
    network: StackedNetwork
    matrix: Tensor  # [M, N]
    buffers: State
    statistics: dict[str, Tensor]  # float32, [M, ...]

    @property
    def members(self) -> list[dict[str, Any]]:
        """Seed, repeat, fold, best epoch and epochs of each member."""
        return list(self.record["members"])

    def predict_members(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Each member's probabilities `[M, n, C]`, or values `[M, n]` in original units, of raw rows `[n, *shape]`."""
        if features.shape[1:] != self.schema.shape:
            raise DataError(
                f"rows of shape {features.shape[1:]} given to a model of {self.schema.name!r}, "
                f"which takes {self.schema.shape}"
            )
        if not np.isfinite(np.asarray(features, dtype=np.float64)).all():
            raise DataError("rows to predict hold missing or infinite values; fill or drop them")
        everyone = np.broadcast_to(np.arange(len(features)), (len(self.matrix), len(features)))
        return self.predict_rows(features, everyone)

    def predict_rows(self, features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """As `predict_members`, but member m predicts the rows of `features` that `rows[m]` lists, `[M, n]`."""
        starts = range(0, max(rows.shape[1], 1), CHUNK)  # also where there is no row, for the shape of the result
        with using_threads(self.record["plan"]["threads"]):
            chunks = [self._predict(features, rows[:, start : start + CHUNK]) for start in starts]
        return torch.cat(chunks, dim=1).float().numpy()

    def predict(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """The model: the mean over members, `[n, C]` or `[n]`."""
        return np.asarray(self.predict_members(features).mean(axis=0))

    @torch.inference_mode()
    def _predict(self, features: NDArray[Any], rows: NDArray[np.int64]) -> Tensor:
        raw = torch.as_tensor(np.asarray(features[rows]), dtype=self.matrix.dtype)
        normal = normalise(raw, self.statistics["center"], self.statistics["scale"])
        activate = OUTPUT_ACTIVATIONS[self.record["output_activation"]]
        outputs = activate(self.network(self.matrix, self.buffers, normal))
        if self.schema.task == "classification":
            return outputs
        return outputs * self.statistics["target_scale"][:, None] + self.statistics["target_center"][:, None]

    def save(self, folder: str | Path) -> None:
        """Write both files, each whole."""
        from safetensors.torch import save

        arrays = {f"parameters.{name}": part for name, part in self.network.layout.unfold(self.matrix).items()}
        arrays |= {f"buffers.{name}": part for name, part in self.buffers.items()}
        arrays |= {f"statistics.{name}": part for name, part in self.statistics.items()}
        content = save({name: array.detach().cpu().contiguous() for name, array in arrays.items()})
        write_whole(Path(folder) / "members.safetensors", content)
        write_json(Path(folder) / "model.json", self.record)

    @classmethod
    def load(cls, folder: str | Path) -> "ExportedModel":
        """Read what `save` wrote; raises DataError where it is missing, cut short or of another format."""
        from pydantic import ValidationError
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        place = Path(folder)
        try:
            record = read_json(place / "model.json")
            arrays = load_file(place / "members.safetensors")
        except FileNotFoundError as error:
            raise DataError(f"{error.filename}: no such file; `dvc repro` trains a model there") from None
        except (SafetensorError, ValueError) as error:
            raise DataError(f"{place}: not a readable model: {error}; `dvc checkout` brings it back") from None
        if record.get("schema_version") != SCHEMA:
            raise DataError(
                f"{place}/model.json: schema_version: found {record.get('schema_version')!r}, this foldproof reads "
                f"{SCHEMA}; train the model anew with this version, or use the version that wrote it"
            )
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
        if record.get("output_activation") not in OUTPUT_ACTIVATIONS:
            where, found = f"{place}/model.json: output_activation", record.get("output_activation")
            raise DataError(unknown_name(where, found, OUTPUT_ACTIVATIONS))
        network = StackedNetwork(build(section, schema.shape, schema.outputs, randomness.key_of(0)))
        parts = {kind: _under(f"{kind}.", arrays) for kind in ("parameters", "buffers", "statistics")}
        matrix = network.layout.fold(parts["parameters"])
        return cls(schema, record, network, matrix, parts["buffers"], parts["statistics"])


def export(
    schema: Schema,
    section: Model,
    members: list[dict[str, Any]],
    network: StackedNetwork,
    matrix: Tensor,
    buffers: State,
    statistics: Statistics,
    plan: dict[str, Any],
    output_activation: OutputActivation,
) -> ExportedModel:
    """The trained members as a model; `members` and `plan` are what the record tells of them."""
    record = {
        "schema_version": SCHEMA,
        "data": schema.to_dict(),
        "network": section.model_dump(mode="json"),
        "network_source": hash_of_source(section),
        "output_activation": output_activation,
        "members": members,
        "plan": plan,
    }
    learnt = {name: torch.from_numpy(value).to(matrix.dtype) for name, value in statistics.arrays().items()}
    return ExportedModel(schema, record, network, matrix, network.saved_buffers(buffers), learnt)


def _under(prefix: str, arrays: State) -> State:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
