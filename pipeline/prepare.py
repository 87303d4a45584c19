"""Stage prepare: load, validate, type and fingerprint the data -> data/prepared/."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the rows as memory-mapped arrays with their schema."""
    from foldproof.data.dataset import prepare
    from foldproof.data.sources import open_source

    schema = prepare(open_source(params.data), "data/prepared")
    print(f"{schema.name}: {schema.rows} rows of shape {schema.shape}")
    for target in schema.targets:
        told = f"{len(target.classes)} classes" if target.classes else "one number"
        print(f"target {target.name!r}: {target.task} ({told})")


if __name__ == "__main__":
    stage("prepare", main)
