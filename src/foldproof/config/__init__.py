"""`params.yaml` as closed, frozen values: `load_params` reads a file and reports every problem at once.

One file a section. A choice with keys of its own is a block beside its name (`optimizer: {name: adam, adam: {...}}`):
only the named block is used, every block is validated.
"""

from foldproof.config.params import Params, load_params, params_from

__all__ = ["Params", "load_params", "params_from"]
