"""Stage prepare: load, validate, type and fingerprint the data -> data/prepared/."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the rows as memory-mapped arrays with their schema."""
    from foldproof.data.sources import load_source

    dataset = load_source(params.data)
    dataset.save("data/prepared")
    schema = dataset.schema
    print(f"{schema.name}: {schema.rows} rows of shape {schema.shape}")
    for target in schema.targets:
        told = f"{len(target.classes)} classes" if target.classes else "one number"
        print(f"target {target.name!r}: {target.task} ({told})")


if __name__ == "__main__":
    stage("prepare", main)
