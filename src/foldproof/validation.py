"""Find what is wrong before any stage starts, since DVC removes a stage's outputs when it starts.

The checks are those that the stages would make, made on the same code: params, data, split, network, loss,
augmentation. What has passed is remembered by the hash of everything it depended on, so a second run costs nothing.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from foldproof.config import Params, load_params
from foldproof.config.reading import read_yaml
from foldproof.config.warnings import warning_lines
from foldproof.data.schema import Schema
from foldproof.errors import ConfigError, FoldproofError
from foldproof.reproducibility import sha256, sha256_of_tree, write_whole

if TYPE_CHECKING:
    from torch import nn

    from foldproof.data.dataset import Dataset
    from foldproof.data.preprocessing import Inputs, Preprocessing
    from foldproof.data.splits import Split

REMEMBERED = Path(".foldproof/validated")


def validate(root: Path) -> str:
    """Check params.yaml and the data below `root`; says what was found, a warning a line after it.

    Raises FoldproofError with every problem.
    """
    from foldproof.data.dataset import Dataset, prepare
    from foldproof.data.progress import watched_reading
    from foldproof.data.sources import open_source, refuse_untracked_source

    params = load_params(root / "params.yaml")  # as for the data prepared last: `data` is the same for every kind
    if not (root / "dvc.yaml").exists():
        raise ConfigError(f"{root}: holds no dvc.yaml; run in the project's root")
    seen = _fingerprint(root, params)
    remembered = root / REMEMBERED
    if remembered.exists():
        then, *warnings = remembered.read_text(encoding="utf-8").split("\n")
        if then == seen:
            return "\n".join(["params.yaml and the data are as they were when they were last found valid", *warnings])
    refuse_untracked_source(params.data, root)
    beside = root / ".foldproof"  # rows may be more than memory, and its file system, hold
    beside.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=beside, prefix="validate-") as folder:
        prepare(watched_reading(open_source(params.data)), folder)
        dataset = Dataset.load(folder)
        told, warnings = _try_everything(load_params(root / "params.yaml", dataset.schema.kind), dataset, root)
    write_whole(remembered, "\n".join([seen, *warnings]))
    return "\n".join([told, *warnings])


def _try_everything(params: Params, dataset: "Dataset", root: Path) -> tuple[str, list[str]]:
    from foldproof import randomness
    from foldproof.data.augmentation import refuse_mixing_of_single_rows, strengths
    from foldproof.data.preprocessing import preprocessing_of
    from foldproof.data.splits import make_split
    from foldproof.evaluation.test_time import views_of
    from foldproof.model.build import build
    from foldproof.model.given import refuse_untracked
    from foldproof.training.beginning import beginning_of
    from foldproof.training.heads import heads_for
    from foldproof.training.learnt_rows import refuse_seen_rows
    from foldproof.training.plan import Work, make_plan
    from foldproof.training.refusals import refuse_unfit_keys, refuse_unfit_network
    from foldproof.training.schedules import factor_of_epochs

    schema = dataset.schema
    train = params.train
    problems: list[str] = []
    begins: list[str] = []
    one = Work(members=2, parameters=1, batch_size=1, row=1, rows=1)

    def attempt(check: Callable[[], object]) -> None:
        try:
            check()
        except FoldproofError as error:
            problems.extend(error.problems)

    def preprocessing() -> "Preprocessing":
        return preprocessing_of(params.preprocess, schema)

    def inputs() -> "Inputs":
        return preprocessing().inputs

    def look_at_split() -> None:
        split = make_split(dataset, params.split, params.seed)
        attempt(lambda: split.steps_per_epoch(train.batch_size))
        attempt(lambda: look_at_beginning(split))

    def look_at_beginning(split: "Split") -> None:
        beginning = beginning_of(params.model, train, schema, split, preprocessing())
        begins.extend(beginning.lines())
        refuse_seen_rows(beginning.transfer.start, dataset, split)

    def look_at_network() -> None:
        network = build(params.model, inputs(), schema.outputs, randomness.key_of(params.seed))
        attempt(lambda: refuse_unfit_network(train, network))
        attempt(lambda: _refuse_idle_masks(params, network))

    attempt(look_at_split)
    attempt(lambda: strengths(params.augment, schema))
    attempt(lambda: refuse_mixing_of_single_rows(dict(params.augment), train.batch_size))
    attempt(lambda: views_of(params.evaluate.test_time, schema))
    attempt(look_at_network)
    attempt(lambda: refuse_untracked(params.model, root))
    attempt(lambda: refuse_unfit_keys(train))
    attempt(lambda: factor_of_epochs(train.schedule, train.epochs))
    attempt(lambda: heads_for(train, schema.targets))
    attempt(lambda: make_plan(one, train.accelerator, train.precision, train.threads, train.population, train.engine))
    attempt(lambda: _refuse_other_tasks_metric(params, schema))
    if problems:
        raise ConfigError(*dict.fromkeys(problems))  # a network that does not fit is met by several
    tasks = " and ".join(dict.fromkeys(target.task for target in schema.targets))
    told = f"params.yaml is valid; {schema.name}: {schema.rows} rows of shape {schema.shape}, {tasks}"
    return told, [*warning_lines(params.model, train, schema.task), *begins]


def _refuse_idle_masks(params: Params, network: "nn.Module") -> None:
    """Look whether any layer of the network drops something, where masks are asked for."""
    from foldproof.evaluation.test_time import refuse_masks_that_mask_nothing
    from foldproof.model.stacked import stack

    stacked, _, buffers = stack([network])
    draws = any(bool((value > 0).any()) for value in stacked.settings(buffers).values())
    refuse_masks_that_mask_nothing(params.evaluate.monte_carlo_dropout, draws)


def _refuse_other_tasks_metric(params: Params, schema: Schema) -> None:
    from foldproof.metrics import names_for

    name, legal = params.evaluate.primary_metric, names_for(schema.task, schema.classes)
    if name != "auto" and name not in legal:
        raise ConfigError(f"evaluate.primary_metric: found {name}, legal for {schema.task}: auto, {', '.join(legal)}")


def _fingerprint(root: Path, params: Params) -> str:
    from foldproof.data.sources import hash_of_own_source
    from foldproof.model.given import hash_of_given

    data = [(path.as_posix(), path.stat()) for path in sorted((root / "data" / "raw").rglob("*"))]
    facts = [f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in data]
    source = sha256_of_tree([Path(__file__).parent], Path(__file__).parent)
    pipeline = (root / "dvc.yaml").read_text(encoding="utf-8")
    given = hash_of_given(params.model) + hash_of_own_source(params.data)
    said = repr(read_yaml(root / "params.yaml"))
    return sha256(*(one.encode() for one in (said, pipeline, source, given, *facts)))
