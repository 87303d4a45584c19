"""Study after study: what textbooks claim, what was measured, whether it holds; as a table, and in the terminal."""

from typing import Any

from examples.techniques.record import FOLDER
from foldproof.reproducibility import read_json, write_whole

STUDIES = ("optimizers", "activations", "schedules", "depth", "signals", "dropout", "batch_norm")
HEAD = """# What was measured

Written by `make examples`. Digits, five folds: mean ± standard deviation over folds. Learning rates were chosen by
inner-validation loss, in which no scored fold takes part.

| claim | measured | holds | settings tried |
|---|---|---|---|
"""


def main() -> None:
    """Write `results/claims.md` and print it."""
    lines = [line for study in STUDIES for line in _lines(read_json(FOLDER / "results" / f"{study}.json"), study)]
    page = HEAD + "\n".join(lines) + "\n"
    write_whole(FOLDER / "results" / "claims.md", page)
    print(page)


def _lines(results: dict[str, Any], study: str) -> list[str]:
    return [
        f"| {claim['text']} | {claim['measured']} | {'yes' if claim['holds'] else 'no'} | "
        f"{results['settings tried']} ([{study}](../pictures/{study}.png)) |"
        for claim in results["claims"]
    ]


if __name__ == "__main__":
    main()
