"""Parts `mnist` and `cifar10`: images in IDX files, and in a folder a class."""

import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

from benchmarks.own_fit import Fit, job, told, write_params
from benchmarks.own_stage import run

Changes = dict[str, dict[str, Any]]
MNIST: Changes = {
    "data": {"source": "idx", "path": "data/raw/mnist"},
    "train": {"epochs": 15, "schedule": {"name": "cosine"}, "engine": "workers"},
}
MNIST_AIM = 0.985
CIFAR10: Changes = {
    "data": {"source": "image_folder", "path": "data/raw/cifar10"},
    "split": {"folds": 2},
    "train": {"epochs": 1, "batch_size": 256, "engine": "workers"},
}
PREPARE_AIM, MEMORY_AIM = 120, 1074  # seconds, MB


def mnist(shared: Path, say: Callable[[str], None]) -> None:
    """The 10,000 test images of MNIST in five folds."""
    Path("data/raw/mnist").symlink_to(shared / "mnist10k")
    say(
        "MNIST, the 10,000 images of its test set as IDX files, 5 folds, seed 0. Shipped params but for "
        f"{changed(MNIST)}: 60 epochs would take half an hour. One setting was tried."
    )
    fit = Fit.of(job(MNIST))
    scores, mean = fit.scores("accuracy"), fmean(fit.scores("accuracy"))
    say("")
    say("| 5-fold accuracy ± spread | of each fold | test set, ensemble | fit, s, CPU s | aim |")
    say("|---|---|---|---|---|")
    say(
        f"| {told(scores)} | {', '.join(f'{one:.4f}' for one in scores)} | {fit.of_test_set('accuracy'):.4f} "
        f"({len(fit.split.test_rows()):,} rows) | {fit.seconds:.0f}, {fit.cpu:.0f} | ≥ {MNIST_AIM}: "
        f"{'reached' if mean >= MNIST_AIM else 'missed'} |"
    )


def cifar10(shared: Path, say: Callable[[str], None]) -> None:
    """60,000 JPEG images in `train/` and `test/`."""
    Path("data/raw/cifar10").symlink_to(unpacked(shared / "cifar10-jpeg.tar.xz"))
    say(
        "CIFAR-10 as an image folder, 60,000 JPEG images of 32 x 32, `test/` the given test set. Each stage is a "
        "process of its own, imports included. Memory: the peak, and of it what is not pages of mapped files."
    )
    write_params(CIFAR10)
    say("")
    say("| stage | seconds | CPU seconds | peak memory, MB | of it not mapped files |")
    say("|---|---|---|---|---|")
    for stage in ("prepare", "split", "preprocess"):
        found = run(stage)
        say(f"| {stage} | {found['seconds']:.1f} | {found['cpu']:.1f} | {found['peak']:.0f} | {found['own']:.0f} |")
        if stage == "prepare":
            reached = found["seconds"] < PREPARE_AIM and found["peak"] < MEMORY_AIM
    say("")
    say(f"The aim, prepare in under {PREPARE_AIM} s and 1 GiB: {'reached' if reached else 'missed'}.")
    started = perf_counter()
    fit = Fit.of(job(CIFAR10, prepared=Path("data/prepared")))
    say(
        f"Two folds with {changed(CIFAR10)}: accuracy {told(fit.scores('accuracy'))} on the folds, "
        f"{fit.of_test_set('accuracy'):.4f} of the ensemble on the {len(fit.split.test_rows()):,} test images, "
        f"fitted in {fit.seconds:.0f} s ({fit.cpu:.0f} CPU s), {perf_counter() - started:.0f} s with all predictions."
    )


def unpacked(archive: Path) -> Path:
    """The folder with `train/` and `test/`, beside other temporary files; kept for the next time."""
    folder = Path(tempfile.gettempdir()) / "cifar10"
    if not (folder / "test").is_dir():
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
    return folder


def changed(changes: Changes) -> str:
    """What is changed, as YAML's dotted keys."""
    flat = {
        f"{section}.{key}": value["name"] if isinstance(value, dict) else value
        for section, keys in changes.items()
        if section != "data"
        for key, value in keys.items()
    }
    return ", ".join(f"`{key}: {value}`" for key, value in flat.items())
