"""Made-up findings, one of each status, with what a page must escape."""

from foldproof.checks.figures import Bars, Line, figures_of
from foldproof.checks.finding import Finding
from foldproof.config.advice import Advice

EVIL = '<script>alert("1")</script>'
LAYERS = Bars(("layer 1", EVIL), (0.5, 1e-7), "gradient (rms)", limit=1e-4, log=True)
RATES = Line((1e-4, 1e-2, 1.0), (2.3, 0.4, None), "learning rate", "loss", {"suggested": 3e-2}, log_x=True)
FINDINGS = (
    Finding("finite_rows", "Are all rows numbers?", "NaN spreads.", "ok", "All of 1024 rows.", (), {}),
    Finding(
        "gradient",
        "Is the gradient right?",
        "Training follows it.",
        "error",
        f"Of {EVIL} it is off by 0.3.",
        (Advice("model.factory", "mend the backward pass of `own`"),),
        figures_of(LAYERS),
    ),
    Finding("dead_units", "Are units dead?", "They learn nothing.", "not applicable", "No rectified ones.", (), {}),
    Finding(
        "rate_range",
        "Is the learning rate of the right size?",
        "Too high and nothing is learnt.",
        "warning",
        "It is 40 times the one suggested.",
        (Advice("train.optimizer.learning_rate", "try 0.03"), Advice("train.schedule.name", "or warm up")),
        figures_of(RATES),
    ),
)
