"""What the layers of a network share, and the fully connected layer that they make up."""

from dataclasses import dataclass

from torch import nn

from foldproof.config.model import Group
from foldproof.config.networks import DenseLayer, NormalisationName
from foldproof.model.activations import ChosenActivation
from foldproof.model.dropout import DropoutKind
from foldproof.model.normalisations import NORMALISATIONS


@dataclass(frozen=True)
class Parts:
    """The choices of section `model` that every network is made with."""

    activation: ChosenActivation
    normalisation: NormalisationName
    group: Group
    dropout: float
    kind: DropoutKind

    @property
    def dropout_of_maps(self) -> float:
        """The rate after a convolution that says nothing of its own."""
        return self.dropout if self.kind.of_maps else 0.0

    def normalised(self, units: int, pixels: int | None, name: NormalisationName | None = None) -> list[nn.Module]:
        """The normalisation of so many units, or channels of maps, if any; `name` for another than the network's."""
        return NORMALISATIONS[name or self.normalisation](units, pixels, self.group)


def dense(n_in: int, layer: DenseLayer, parts: Parts, place: str) -> list[nn.Module]:
    """A fully connected layer `[B, n_in] -> [B, units]`: affine, normalisation, activation, dropout."""
    width = layer.units * parts.activation.pieces
    rate = parts.dropout if layer.dropout is None else layer.dropout
    norm = parts.normalised(width, None, layer.normalisation)
    affine = parts.kind.around(nn.Linear(n_in, width, bias=not norm), rate, place)
    return [affine, *norm, parts.activation.module(layer.units), *parts.kind.after(rate, place)]
