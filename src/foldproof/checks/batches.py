"""Batch normalisation over few rows: the mean of a batch is then mostly noise, and of one row nothing is left."""

from foldproof.checks.finding import Seen
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Batches


def look(subject: Subject, block: Batches) -> Seen:
    """The layers of the network that is trained, and the rows of a step."""
    layers = subject.population.network.batch_normalisations()
    if not layers:
        return Seen("no layer normalises over the batch", applies=False)
    size = subject.params.train.batch_size
    rows = len(subject.training_rows) if size == "full" else size
    told = f"{len(layers)} {'layers normalise' if len(layers) > 1 else 'layer normalises'} over batches of {rows} rows"
    if rows >= block.smallest:
        return Seen(told)
    more = Advice("train.batch_size", f"Take at least {block.smallest} rows, better 16 or more.")
    other = on_network(subject, "model.normalisation", "Or normalise each row by itself: layer or group.")
    return Seen(told, (more, other))


CHECK = Check(
    "Does a step see rows enough?",
    "Batch normalisation subtracts the mean of a batch: of one row it leaves nothing, of a few mostly noise.",
    look,
)
