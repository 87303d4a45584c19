"""Section `check`: what is looked at before training, from which figures on, and how much a finding weighs."""

from typing import Literal

from pydantic import Field

from foldproof.config.closed import Closed, Count, NonNegative, Positive, Share

Severity = Literal["error", "warning", "off"]


class FiniteRows(Closed):
    """Rows as the network is given them hold numbers alone."""

    severity: Severity = "error"
    """error: its finding stops the pipeline; warning: it is shown; off: it is not looked at"""


class ConstantFeatures(Closed):
    """Columns that say nothing."""

    severity: Severity = "warning"
    """error, warning or off"""
    share: NonNegative = 0.0
    """of the columns of a table, or the channels of images, that may have one value alone"""


class Normalisation(Closed):
    """Mean and standard deviation of what the network is given."""

    severity: Severity = "warning"
    """error, warning or off"""
    largest_mean: Positive = 1.0
    """size of the mean over all inputs"""
    smallest_sd: Positive = 0.05
    """standard deviation over all inputs"""
    largest_sd: Positive = 10.0
    """standard deviation over all inputs"""


class Batches(Closed):
    """Whether a step sees rows enough for what the network does with them."""

    severity: Severity = "error"
    """error, warning or off"""
    smallest: Count = 4
    """rows a step, where layers normalise over the batch"""


class ClassSizes(Closed):
    """How many training rows each class has."""

    severity: Severity = "warning"
    """error, warning or off"""
    fewest: Count = 10
    """training rows of a class"""
    largest_ratio: Positive = 20.0
    """of the largest class to the smallest, where train.class_weights is none"""


class SameClasses(Closed):
    """Two classes that are one: their rows lie among each other, while others lie apart."""

    severity: Severity = "warning"
    """error, warning or off"""
    own_share: Share = 0.65
    """of nearest neighbours within the pair that have the same class; 0.5 is chance"""
    others: Share = 0.85
    """the same share for the middle pair of classes: where all overlap, none is told"""


class Relation(Closed):
    """Whether targets go with the rows that they stand beside."""

    severity: Severity = "warning"
    """error, warning or off"""
    standard_errors: Positive = 3.0
    """above chance by which rows that look alike must tell the target"""
    shifted: Positive = 4.0
    """standard errors by which targets of the row before or after must fit better, to be told"""


class LeakingFeature(Closed):
    """A single column that gives the target away."""

    severity: Severity = "warning"
    """error, warning or off"""
    accuracy: Share = 0.995
    """of the target told by one column alone, or share of its variance"""


class Likeness(Closed):
    """Whether inner-validation rows are like training rows."""

    severity: Severity = "warning"
    """error, warning or off"""
    standard_deviations: Positive = 0.5
    """by which the mean of a column differs"""
    standard_errors: Positive = 5.0
    """that this is at least, with as many rows, or groups, as there are"""


class Capacity(Closed):
    """Weights against rows."""

    severity: Severity = "warning"
    """error, warning or off"""
    weights_per_number: Positive = 200.0
    """parameters for each number, rows times inputs, that the training rows hold"""


class FirstLoss(Closed):
    """The loss before the first step, against that of a network that says nothing (ln C, or the target's variance)."""

    severity: Severity = "warning"
    """error, warning or off"""
    factor: Positive = 6.0
    """times that loss"""


class PenaltyShare(Closed):
    """What penalties and weight decay take of the first loss, and that the loss rises with them."""

    severity: Severity = "warning"
    """error, warning or off"""
    largest_share: Positive = 1.0
    """of the loss without them"""


class Outputs(Closed):
    """Whether the network's outputs look as if they had gone through softmax or sigmoid, which the loss does."""

    severity: Severity = "error"
    """error, warning or off"""
    tolerance: Positive = 1e-4
    """of their sum over classes to 1"""


class Symmetry(Closed):
    """Units of a layer that are equal, and so stay equal."""

    severity: Severity = "error"
    """error, warning or off"""
    share: NonNegative = 0.0
    """of a layer's units that may have a twin"""


class Signals(Closed):
    """Standard deviation of each layer's outputs."""

    severity: Severity = "warning"
    """error, warning or off"""
    smallest: Positive = 1e-3
    """below it a layer's outputs hardly differ from row to row"""
    largest: Positive = 100.0
    """above it a layer blows up what it is given"""


class DeadUnits(Closed):
    """Rectified units that are 0 for every row, and so learn nothing."""

    severity: Severity = "warning"
    """error, warning or off"""
    share: Share = 0.5
    """of a layer's units"""


class SaturatedUnits(Closed):
    """Outputs of sigmoid and tanh at the ends of their range, where hardly any gradient passes."""

    severity: Severity = "warning"
    """error, warning or off"""
    share: Share = 0.5
    """of a layer's outputs"""
    within: Share = 0.02
    """of the range from its end"""


class GradientFlow(Closed):
    """Size of the gradient, layer by layer."""

    severity: Severity = "warning"
    """error, warning or off"""
    vanishing: Positive = 1e-4
    """root mean square of the first layer's gradient over that of the last"""
    exploding: Positive = 1e4
    """the same where it grows towards the first layer"""


class GradientCheck(Closed):
    """Back-propagation against central differences, in double precision."""

    severity: Severity = "error"
    """error, warning or off"""
    largest_error: Positive = 1e-4
    """relative, of any element"""
    elements: Count = 8
    """of each parameter tensor, drawn by lot"""
    rows: Count = 16
    """that the loss is of"""


class TinyRows(Closed):
    """Whether the network can learn a few rows by heart, without penalties, dropout and augmentation."""

    severity: Severity = "error"
    """error, warning or off"""
    rows: Count = 20
    """that are to be learnt"""
    steps: Count = 300
    """at most"""
    loss: Share = 0.02
    """share of the first loss that it must fall below"""


class RateRange(Closed):
    """A learning-rate range test: short trainings with many rates at once (after Smith 2017)."""

    severity: Severity = "warning"
    """error, warning or off"""
    rates: int = Field(default=15, ge=5, le=100)
    """tried, evenly spaced on a logarithmic scale around the one that is customary"""
    steps: Count = 60
    """of each"""
    factor: Positive = 30.0
    """by which the configured rate may differ from the one suggested"""
    progress: Share = 0.25
    """of the best rate's, with which a rate that is lower by more than that is put up with"""


class Check(Closed):
    """Checks before training; each has a severity, and figures from which on it finds something."""

    on_error: Literal["stop", "warn"] = "stop"
    """stop: an error ends the pipeline before training; warn: go on"""
    rows: Count = 1024
    """training rows of the first member that are looked at, at most"""
    finite_rows: FiniteRows = FiniteRows()
    constant_features: ConstantFeatures = ConstantFeatures()
    normalisation: Normalisation = Normalisation()
    batches: Batches = Batches()
    class_sizes: ClassSizes = ClassSizes()
    same_classes: SameClasses = SameClasses()
    relation: Relation = Relation()
    leaking_feature: LeakingFeature = LeakingFeature()
    likeness: Likeness = Likeness()
    capacity: Capacity = Capacity()
    outputs: Outputs = Outputs()
    first_loss: FirstLoss = FirstLoss()
    penalty: PenaltyShare = PenaltyShare()
    symmetry: Symmetry = Symmetry()
    signals: Signals = Signals()
    dead_units: DeadUnits = DeadUnits()
    saturated_units: SaturatedUnits = SaturatedUnits()
    gradient_flow: GradientFlow = GradientFlow()
    gradient: GradientCheck = GradientCheck()
    tiny_rows: TinyRows = TinyRows()
    rate_range: RateRange = RateRange()
