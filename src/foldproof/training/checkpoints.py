"""Checkpoints of a fit: one file of tensors and JSON facts after every epoch, the last two kept.

A file's name carries the SHA-256 of its content, so a damaged one is recognised and the one before it is taken. Files
appear whole or not at all, so a kill or a full disk costs at most the newest.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from foldproof.reproducibility import write_whole

KEPT = 2
_NAME = re.compile(r"epoch-(?P<epochs>\d{6})-(?P<checksum>[0-9a-f]{16})\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """All that a fit needs to go on after `epochs` epochs."""

    epochs: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def group(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `name` and a full stop, without it."""
        return ungrouped(name, self.tensors)


def grouped(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that `ungrouped` finds."""
    return {f"{name}.{key}": value for key, value in tensors.items()}


def ungrouped(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `name` and a full stop, without it."""
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}


class CheckpointFolder:
    """The checkpoints of one population."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then remove all but the newest two; OSError leaves those that were there."""
        from safetensors.torch import save

        tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
        content = save(tensors, {"facts": json.dumps(checkpoint.facts)})
        write_whole(self._path / f"epoch-{checkpoint.epochs:06d}-{_checksum(content)}.safetensors", content)
        for _, path in self._newest_first()[KEPT:]:
            path.unlink(missing_ok=True)

    def newest(self, fits: Callable[[Checkpoint], bool] = lambda _: True) -> Checkpoint | None:
        """The newest checkpoint that is whole and `fits` what lies beside it; None where there is none."""
        return next(filter(fits, self._whole()), None)

    def forget_after(self, epochs: int) -> None:
        """Remove those of later epochs, which were found useless: newer than all to come, they would be kept."""
        for found, path in self._newest_first():
            if found > epochs:
                path.unlink(missing_ok=True)

    def _whole(self) -> Iterator[Checkpoint]:
        from safetensors.torch import load

        for epochs, path in self._newest_first():
            content = path.read_bytes()
            if path.name.endswith(f"-{_checksum(content)}.safetensors"):
                # Clones lie in memory where torch would put them; libraries round by alignment.
                tensors = {tensor: value.clone() for tensor, value in load(content).items()}
                yield Checkpoint(epochs, tensors, _facts(content))

    def _newest_first(self) -> list[tuple[int, Path]]:
        found = ((_NAME.fullmatch(path.name), path) for path in self._path.glob("epoch-*.safetensors"))
        return sorted(((int(name["epochs"]), path) for name, path in found if name), reverse=True)


def _facts(content: bytes) -> dict[str, Any]:
    """The JSON facts in the header of a safetensors file: eight bytes of length, then JSON with `__metadata__`."""
    length = int.from_bytes(content[:8], "little")
    facts: dict[str, Any] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["facts"])
    return facts


def _checksum(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
