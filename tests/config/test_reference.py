"""The generated page is the one in docs/, and it has a line for every key."""

from pathlib import Path

from foldproof.config.reference import reference


def test_the_page_in_docs_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "params.md"
    assert page.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_a_line_says_what_is_legal() -> None:
    lines = reference().splitlines()
    assert "| `train.optimizer.learning_rate` | number > 0 or `auto` | `auto` | auto: what is" in reference()
    assert "| `model.cnn.layers` | a list of blocks or `null` | `null` | the convolutions one by one" in reference()
    assert "| `model.cnn.layers[].channels` | whole number >= 1 | must be given | filters of the layer |" in lines
    assert "| `model.mlp.hidden` | a list of (whole number >= 1) | `[128, 128]` | units of each hidden layer |" in lines


def test_every_key_says_what_it_means() -> None:
    assert [line for line in reference().splitlines() if line.endswith("| None |")] == []
