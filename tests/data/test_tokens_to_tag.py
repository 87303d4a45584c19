"""Files to tag: which column holds the tokens, and that they are read as those of training were."""

from pathlib import Path

import pytest

from foldproof.data.text.serving import read_sentences
from foldproof.errors import DataError


def test_tokens_to_tag_are_read_as_those_of_training(tmp_path: Path) -> None:
    layout = ("id", "token", "pos", "ner")
    file = tmp_path / "new.conll"
    file.write_text("# sent_id = 1\n1\tPeter\tNNP\tB-PER\n2\tlives\tVB\tO\n\n#\t#\tSYM\tO\n")
    assert read_sentences(file, layout) == [["Peter", "lives"], ["#"]]
    file.write_text("He PRP O\n# SYM O\n# a longer comment\n7 CD O\n")
    assert read_sentences(file, ("token", "pos", "ner")) == [["He", "#", "7"]]
    file.write_text("# a comment\nHe\n#\n#tag\n\n7\n")
    assert read_sentences(file, layout) == [["He", "#", "#tag"], ["7"]]


def test_files_to_tag_have_one_column_or_those_of_training(tmp_path: Path) -> None:
    file = tmp_path / "new.conll"
    file.write_text("He PRP\n")
    with pytest.raises(DataError, match="the first token has 2 columns, legal: one, the token, or those of training: "):
        read_sentences(file, ("token", "pos", "ner"))
    with pytest.raises(DataError, match=r"has 2 columns, legal: one, the token$"):
        read_sentences(file)
    file.write_text("He\nNew York\n")
    with pytest.raises(DataError, match=r"1 column is needed, another number of them stands in 1 line \(2\)"):
        read_sentences(file, ("token", "pos"))
