"""Whether the network has far more weights than rows could fill, or a layer too narrow to pass anything on.

Weights are counted against the numbers that training rows hold, rows times inputs: a network on large images has many
weights for each row, and much in each row to find them by.
"""

from math import log2, prod

from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Capacity
from foldproof.config.network_keys import keys_of
from foldproof.model.embedding import name_of_table
from foldproof.model.networks import NETWORKS

NARROWEST = 2  # units of a hidden layer


def look(subject: Subject, block: Capacity) -> Seen:
    """Parameters that move, for each number of the rows; hidden layers of at least 2 units, and log2 of the classes."""
    population, rows = subject.population, len(subject.training_rows)
    sizes = zip(population.network.layout.names, population.network.layout.sizes, strict=True)
    parameters = sum(size for name, size in sizes if name not in population.transfer.frozen)
    inputs = prod(subject.statistics.preprocessing.inputs.shape)
    per_number, keys = parameters / rows / inputs, keys_of(subject.params.model)
    classes = max(len(target.classes) for target in subject.dataset.schema.targets)
    needed = max(NARROWEST, log2(max(classes, 1)))
    narrow = [width for width in hidden_widths(subject) if width < needed]
    told = f"{parameters} parameters for {rows} training rows of {inputs} inputs, {per_number:.3g} for each number"
    figures = {"parameters": parameters, "rows": rows, "inputs": inputs}
    advice = list[Advice]()
    if per_number > block.weights_per_number:
        sentence = f"A smaller network: {parameters} weights can learn {rows} rows by heart without finding a rule."
        advice.append(Advice(keys.larger, sentence))
    if narrow:
        told += f"; the narrowest layer hands on {min(narrow)} of at least {needed:.3g} numbers"
        advice.append(Advice(keys.larger, f"Wider layers: each needs at least {needed:.3g} units."))
    return Seen(told, tuple(advice), figures)


def hidden_widths(subject: Subject) -> list[int]:
    """Units or channels that each layer but the first is given, in order; none of a network of the user's own."""
    if NETWORKS[subject.params.model.name].has_weights:
        return []
    coded = subject.statistics.preprocessing.inputs.coded
    tables = {name_of_table(place) for place in range(len(coded))}
    layout = subject.population.network.layout
    named = zip(layout.names, layout.shapes, strict=True)
    return [shape[1] for name, shape in named if len(shape) > 1 and name not in tables][1:]


CHECK = Check(
    "Does the network's size suit the rows?",
    "Far more weights than rows can be learnt by heart; a layer of hardly any units lets hardly anything through.",
    look,
)
