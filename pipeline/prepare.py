"""Stage prepare: load, validate, type and fingerprint the data -> data/prepared/."""

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the rows as memory-mapped arrays with their schema."""
    from foldproof.data.dataset import prepare
    from foldproof.data.sources import open_source

    schema = prepare(open_source(params.data), "data/prepared")
    told = f"{len(schema.classes)} classes" if schema.classes else "one number"
    print(
        f"{schema.name}: {schema.rows} rows of shape {schema.shape}, {schema.task}, target {schema.target!r} ({told})"
    )


if __name__ == "__main__":
    stage("prepare", main)
