"""Stage prepare: load, validate, type, fingerprint and profile the data -> data/prepared/."""

from pathlib import Path

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the rows as memory-mapped arrays with their schema, and what they look like."""
    from foldproof.data.dataset import Dataset, prepare
    from foldproof.data.profile import profile_of
    from foldproof.data.profile_lines import terminal_lines
    from foldproof.data.progress import watched_reading
    from foldproof.data.sources import open_source, refuse_untracked_source
    from foldproof.reproducibility import write_json

    refuse_untracked_source(params.data, Path.cwd())
    schema = prepare(watched_reading(open_source(params.data)), "data/prepared")
    profile = profile_of(Dataset.load("data/prepared"))
    write_json("data/prepared/profile.json", profile)
    print(f"{schema.name}: {schema.rows} rows of shape {schema.shape}")
    for target in schema.targets:
        told = f"{len(target.classes)} classes" if target.classes else "one number"
        print(f"target {target.name!r}: {target.task} ({told})")
    print("\n".join(terminal_lines(profile)))


if __name__ == "__main__":
    stage("prepare", main)
