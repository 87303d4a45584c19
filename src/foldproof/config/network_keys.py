"""Of each network the keys that let it fit more, or keep it from learning rows by heart: a table for all advice."""

from dataclasses import dataclass, replace

from foldproof.config.model import Model, NetworkName


@dataclass(frozen=True)
class Keys:
    """Of a network: the key that lets it fit more, and the one that keeps it from learning rows by heart."""

    larger: str
    calmer: str
    how: str  # the second is turned
    holds: str  # what may keep it from fitting more


BY_DROPOUT = ("model.dropout", "Raise it from {model.dropout:g}, or augment more.", "model.dropout or train.penalty")
NETWORKS: dict[NetworkName, Keys] = {
    "linear": Keys("model.name", "train.penalty.l2", "Raise it, or augment more.", "train.penalty"),
    "mlp": Keys("model.mlp.hidden", *BY_DROPOUT),
    "cnn": Keys("model.cnn.channels", *BY_DROPOUT),
    "residual": Keys("model.residual.channels", *BY_DROPOUT),
    "factory": Keys(
        "model.factory", "model.factory", "Let it drop units or have fewer weights, or augment more.", "its own dropout"
    ),
}


def keys_of(model: Model) -> Keys:
    """Those of the network in use, `how` filled in.

    Where layers are given one by one, the key of that list stands for what it takes the place of.
    """
    row, layers = NETWORKS[model.name], getattr(getattr(model, model.name), "layers", None)
    keys = replace(row, how=row.how.format(model=model))
    if layers is None:
        return keys
    place = f"model.{model.name}.layers"
    if any(layer.dropout is None for layer in layers):
        return replace(keys, larger=place)
    return Keys(place, place, "Raise the dropout of its layers, or augment more.", "their dropout")
