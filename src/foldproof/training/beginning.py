"""What members begin with that was trained before, weights and vectors of words: read and decided once for a split."""

from dataclasses import dataclass

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.preprocessing import Preprocessing
from foldproof.data.schema import Schema
from foldproof.data.splits import Split
from foldproof.errors import FoldproofError
from foldproof.model.build import build
from foldproof.model.embedding import WordVectors
from foldproof.model.stacked import stack
from foldproof.model.word_vectors import word_vectors
from foldproof.training.transfer import Transfer, transfer_of


@dataclass(frozen=True)
class Beginning:
    """`transfer` is empty where weights are drawn, `words` None where all vectors are."""

    transfer: Transfer
    words: WordVectors | None

    def lines(self) -> list[str]:
        """What is said of it before training; nothing where all is drawn, and moves."""
        return self.transfer.lines()


def beginning_of(model: Model, train: Train, schema: Schema, split: Split, preprocessing: Preprocessing) -> Beginning:
    """What the sections ask for, the same for all members; raises with every problem of weights and of vectors."""
    problems: list[FoldproofError] = []
    inputs = preprocessing.inputs
    words, transfer = None, Transfer()
    try:
        words = word_vectors(model.embedding, schema, inputs, min(split.training_sizes()))
    except FoldproofError as error:
        problems.append(error)
    try:
        network, _, buffers = stack([build(model, inputs, schema.outputs, randomness.key_of(0))])
        transfer = transfer_of(model, train, network, buffers, schema, split, preprocessing)
    except FoldproofError as error:
        problems.append(error)
    if problems:
        raise type(problems[0])(*(line for error in problems for line in error.problems))
    return Beginning(transfer, words)
