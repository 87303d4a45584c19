"""Mean and standard deviation of what the network is given, over all numbers of all rows."""

from foldproof.checks.columns import names_of, numbers_of
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Normalisation
from foldproof.config.preprocess import Preprocess

DRAWN = 200  # columns of which figures are kept


def look(subject: Subject, block: Normalisation) -> Seen:
    """Numbers alone: zeros and ones of categories, and codes, are left as they are by design."""
    numbers = numbers_of(subject, subject.rows).nan_to_num(0.0, 0.0, 0.0)
    if not numbers.numel():
        return Seen("rows hold no numbers, but codes", applies=False)
    mean, deviation = float(numbers.mean()), float(numbers.std(correction=0))
    if deviation == 0:
        return Seen("all inputs are the same", applies=False)
    drawn = numbers[:, :: -(-numbers.shape[1] // DRAWN)]
    figures = {
        "plot": "points",
        "x": drawn.mean(0).tolist(),
        "y": drawn.std(0, correction=0).tolist(),
        "x_label": "mean of a column",
        "y_label": "its standard deviation",
    }
    told = f"{numbers.shape[1]} inputs with mean {mean:.3g} and sd {deviation:.3g}"
    advice = list[Advice]()
    if abs(mean) > block.largest_mean:
        advice.append(_advice(subject.params.preprocess, "center"))
    if not block.smallest_sd <= deviation <= block.largest_sd:
        advice.append(_advice(subject.params.preprocess, "scale"))
    if not advice:
        return Seen(told, figures=figures)
    furthest = names_of(subject, numbers.shape[1])[int(numbers.abs().mean(0).argmax())]
    return Seen(f"{told}; largest: {furthest}", tuple(dict.fromkeys(advice)), figures)


def _advice(section: Preprocess, key: str) -> Advice:
    """What is off comes first, then what is on but swayed by outliers."""
    if getattr(section, key) == "none":
        what = {"center": "subtracts the mean", "scale": "divides by the standard deviation"}[key]
        return Advice(f"preprocess.{key}", f"It is none: channel or feature {what} of the training rows.")
    if section.scaler != "standard":
        return Advice("preprocess.scaler", f"It is {section.scaler}: standard gives mean 0 and deviation 1.")
    return Advice("preprocess.power", "Scaling is on, and outliers sway it: yeo_johnson or log shortens long tails.")


CHECK = Check(
    "Are inputs centred and scaled?",
    "Initial weights and learning rates are made for inputs around 0 and of size 1; far from that, training is slow, "
    "stalls or blows up.",
    look,
)
