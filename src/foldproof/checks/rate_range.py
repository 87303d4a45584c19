"""A learning-rate range test: short trainings at many rates, all at once as one population.

Smith ("Cyclical learning rates for training neural networks", 2017) raises the rate in one training; here every rate
has a training of its own, on the same rows in the same order with the same masks, so that nothing but the rate differs.
"""

from math import inf, isfinite, log

import numpy as np
import torch
from torch import Tensor

from foldproof.checks.finding import Seen
from foldproof.checks.member import at_rates, losses_of_step
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import RateRange

BELOW, ABOVE = 3.0, 2.0  # decades around the rate that is customary
SOME = 0.01  # of the first loss that some rate must gain
AS_GOOD = 0.05  # of the best rate's progress that another may lack
KEY = "train.optimizer.learning_rate"


def look(subject: Subject, block: RateRange) -> Seen:
    """The configured optimizer, with all that regularises, at constant rates; the configured one among them."""
    objective = subject.objective
    if objective.optimizer.alone:
        return Seen("this optimizer trains one member at a time, so there is no range to test at once", applies=False)
    own = float(subject.population.settings["learning_rate"][0])
    rates = range_of(objective.optimizer.learning_rate, block.rates)
    course = losses_at(subject, torch.cat([rates, torch.tensor([own], dtype=torch.float64)]), block.steps)
    first, late = float(course[0].mean()), late_losses(course)
    if not isfinite(first):
        return Seen(f"the first loss is {first:.4g}, at whatever rate", applies=False)
    progress = first - late  # higher is better; -inf where the loss was lost
    best, ours = float(progress[:-1].max()), float(progress[-1])
    figures = {
        "plot": "line",
        "x": rates.tolist(),
        "y": [None if value == inf else value for value in late[:-1].clamp(max=3 * first).tolist()],
        "limit": first,
        "marks": {"configured": own},
        "log_x": True,
        "x_label": "learning rate",
        "y_label": f"training loss after {block.steps} steps",
    }
    if best < SOME * first:
        advice = (on_network(subject, "model.initializer", "No rate gets anywhere: look at the other findings first."),)
        least = f"{rates[0]:.1g} to {rates[-1]:.1g}"
        return Seen(f"at no rate from {least} does the loss fall clearly below {first:.4g}", advice, figures)
    suggested = suggestion(rates, progress[:-1])
    figures["marks"] = {"suggested": suggested, "configured": own}
    told = (
        f"configured {own:.3g}, near enough to {suggested:.2g}, suggested by {block.steps} steps at {len(rates)} rates"
    )
    reached = progress_at(own * _longer(subject, block.steps), rates, progress[:-1])
    if own > block.factor * suggested or (own > suggested and ours <= 0):
        how = "too high"
    elif own < suggested / block.factor and reached < block.progress * best:
        how = "too low, even for a training as long as this"
    else:
        return Seen(told, figures=figures)
    highest = float(course[:, -1].max())
    came = "is lost" if ours == -inf else f"goes from {first:.4g} to {first - ours:.4g}, up to {highest:.4g} on the way"
    sentence = f"the rate looks {how}: at {own:.3g} the loss {came}, at {suggested:.2g} to about {first - best:.4g}"
    customary = objective.optimizer.learning_rate
    auto = ", or auto" if own != customary and 1 / block.factor < customary / suggested < block.factor else ""
    return Seen(sentence, (Advice(KEY, f"Try {suggested:.2g}{auto}."),), figures)


def progress_at(rate: float, rates: Tensor, progress: Tensor) -> float:
    """The most that rates up to this one reach, between those that were tried; lower ones as much as the lowest."""
    kept = progress.isfinite()
    at = float(np.interp(log(rate), rates[kept].log(), progress[kept]))
    return max(at, *map(float, progress[kept & (rates <= rate)]))


def _longer(subject: Subject, steps: int) -> float:
    """How much further than in so many steps the whole training can go, at the rates of its schedule, at least 1."""
    train, objective = subject.params.train, subject.objective
    all_steps = train.epochs * subject.split.steps_per_epoch(train.batch_size)
    mean_factor = sum(objective.factor_of_epochs(epoch) for epoch in range(train.epochs)) / train.epochs
    return max(1.0, mean_factor * all_steps / steps)


def range_of(customary: float, count: int) -> Tensor:
    """So many rates `[R]` around the customary one, evenly spaced on a logarithmic scale."""
    return customary * torch.logspace(-BELOW, ABOVE, count, dtype=torch.float64)


def losses_at(subject: Subject, rates: Tensor, steps: int) -> Tensor:
    """The training loss before each of so many steps at each rate, `[steps, R]`, penalties and masks included."""
    descent = at_rates(subject, subject.population, subject.objective, rates)
    course, epoch = list[Tensor](), 0
    while len(course) < steps:
        course += [losses_of_step(descent, index) for index in descent.data.epoch(epoch)[: steps - len(course)]]
        epoch += 1
    return torch.stack(course)


def late_losses(course: Tensor) -> Tensor:
    """The mean loss over the last quarter of the steps, `[R]`, of a course `[steps, R]`; infinite where it was lost."""
    late = course[len(course) * 3 // 4 :].mean(0)
    return late.where(course.isfinite().all(0), torch.tensor(inf, dtype=late.dtype))


def suggestion(rates: Tensor, progress: Tensor) -> float:
    """The middle, on a logarithmic scale, of the rates that came nearly as far as the best; to two digits."""
    good = rates[progress >= (1 - AS_GOOD) * progress.max()]
    return float(f"{float(good.log().mean().exp()):.2g}")


CHECK = Check(
    "Is the learning rate one at which the loss falls?",
    "The rate decides more than any other number: too low and the loss hardly falls, too high and it jumps or is lost.",
    look,
)
