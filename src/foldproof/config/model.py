"""Section `model`: the network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, Positive, Rate
from foldproof.config.networks import Cnn, Linear, Mlp, NormalisationName, Residual
from foldproof.config.places import START, below

NetworkName = Literal["linear", "mlp", "cnn", "residual", "factory"]
ActivationName = Literal[
    "linear",
    "sigmoid",
    "tanh",
    "hard_tanh",
    "relu",
    "leaky_relu",
    "prelu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "maxout",
]
InitializerName = Literal[
    "zeros",
    "small_random",
    "small_random_uniform",
    "lecun",
    "lecun_uniform",
    "glorot",
    "glorot_uniform",
    "he",
    "he_uniform",
    "orthogonal",
    "lsuv",
]
DropoutKindName = Literal["unit", "spatial", "dropconnect", "alpha"]
FreezeName = Literal["none", "all_but_head", "auto"]
LayerName = Annotated[str, Field(strict=False, coerce_numbers_to_str=True)]  # layers of a chain are numbered


class LeakyRelu(Closed):
    """`x` above 0, `slope * x` below."""

    slope: Rate = 0.01
    """slope below 0"""


class Elu(Closed):
    """`x` above 0, `alpha * (exp(x) - 1)` below."""

    alpha: Positive = 1.0
    """minus the value that it falls to"""


class Maxout(Closed):
    """The largest of several affine maps."""

    pieces: Annotated[int, Field(ge=2)] = 2
    """affine maps a unit, and so many times the weights"""


class Group(Closed):
    """Group normalisation."""

    groups: Count = 8
    """groups that the channels or units of a layer are dealt into; must divide their number"""


class Embedding(Closed):
    """Vectors that the network learns for codes: words and their features, categories of tables."""

    dimension: Count | Auto = "auto"
    """of a word's vector, or of each category's; auto: 50 for words, min(50, 1.6 V^0.56) for V categories"""
    feature_dimension: Count = 10
    """text: of the vectors of a word's other features"""
    initial_scale: Positive = 0.1
    """standard deviation of the initial vectors; the one for unknown values begins at 0"""
    vectors: str | None = None
    """text: a file of pre-trained vectors in GloVe's or word2vec's text format, below data/start/; gzip allowed"""
    freeze: bool | Auto = "auto"
    """pre-trained vectors stay as they are; auto: if a member trains on fewer than 100,000 tokens"""
    watch: Annotated[tuple[Annotated[tuple[str, str], Field(strict=False)], ...], Field(strict=False)] = ()
    """text: pairs of words, such as [[tv, telly]], whose cosine is told before and after training"""

    @model_validator(mode="after")
    def _vectors_lie_where_the_pipeline_looks(self) -> "Embedding":
        if self.vectors is not None and not below(self.vectors, START):
            raise ValueError(f"vectors: found {self.vectors!r}, legal: a file below {START}/, which stage train reads")
        return self


class Model(Closed):
    """Which network, and what its layers share."""

    name: NetworkName = "cnn"
    """the network; cnn and residual need images, factory is your own"""
    activation: ActivationName = "relu"
    """after every hidden layer"""
    initializer: InitializerName | Auto = "auto"
    """auto: he for relu and its kin, lecun for selu, glorot else; your own network keeps the weights it is made with"""
    initial_scale: Positive = 0.01
    """standard deviation of the weights of small_random"""
    normalisation: NormalisationName = "batch"
    """over what each layer is normalised: the batch, all units of a row (layer), or each group of channels in a row"""
    dropout: Rate = 0.5
    """share of hidden units dropped in training; 0.2 to 0.5 against overfitting"""
    dropout_kind: DropoutKindName = "unit"
    """what is dropped: units, channels (spatial), single weights (dropconnect), units of selu in its own way (alpha)"""
    leaky_relu: LeakyRelu = LeakyRelu()
    elu: Elu = Elu()
    maxout: Maxout = Maxout()
    group: Group = Group()
    embedding: Embedding = Embedding()
    linear: Linear = Linear()
    mlp: Mlp = Mlp()
    cnn: Cnn = Cnn()
    residual: Residual = Residual()
    factory: str | None = None
    """package.module:function, called as function(shape, outputs), gives your own module, which takes no other key"""
    start_from: str | None = None
    """weights to start from: a model's folder or a .safetensors file below data/start/; null: initial weights"""
    new_head: bool | Auto = "auto"
    """whether the output layer starts anew all the same; auto: where the classes are not those of start_from"""
    freeze: FreezeName | Annotated[tuple[LayerName, ...], Field(min_length=1, strict=False)] = "none"
    """what stands still: a list of layers, all but the output layer, or by rows a class and likeness of data (auto)"""
    unfreeze_epoch: Count | None = None
    """after so many epochs nothing stands still any more; null: to the end"""
    old_layers_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """times the learning rate, for what was loaded by start_from"""
