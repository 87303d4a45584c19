"""The command line: what `make` calls, and what a user calls beside `dvc`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import foldproof
from foldproof.errors import FoldproofError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends the process with its exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        sys.exit(chosen.run(chosen))
    except FoldproofError as error:
        print(f"foldproof: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("foldproof", description=foldproof.__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: object, told: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=told, description=told)
        command.set_defaults(run=run)
        return command

    add("repro", _repro, "validate, run `dvc repro`, send what the record lacks, show the result").add_argument(
        "dvc", nargs="*", help="handed on to dvc repro, such as a stage, or -- --force"
    )
    add("validate", _validate, "check params.yaml and the data; nothing is written")
    add("check", _check, "look at rows, network and loss before training; exit code 1 where there is an error")
    add("summary", _summary, "show the result of the last run").add_argument(
        "--markdown", action="store_true", help="as Markdown, without rows of data"
    )
    add("smoke", _smoke, "the whole pipeline with 2 folds and 2 epochs, elsewhere than the real outputs")
    add("retrain", _retrain, "pull, run what is stale, track, push and commit: what CI does").add_argument(
        "--rows", type=int, default=0, metavar="N", help="show the N rows predicted worst (number, actual, predicted)"
    )
    fetch = add("fetch", _fetch, "copy a model from MLflow into a folder, to start from")
    fetch.add_argument("model", help="models:/NAME@ALIAS, models:/NAME/VERSION or models:/ID")
    fetch.add_argument("folder", help="a new folder, such as data/start/NAME")
    add("audit", _audit, "check from what is on disk that no held-out row was learnt from; exit code 1 where one was")
    add("clean", _clean, "remove the checkpoints of trainings that were killed and not resumed")
    add("sync", _sync, "write to MLflow whatever its record lacks")
    add("ui", _ui, "open the MLflow UI on 127.0.0.1").add_argument("--port", type=int, default=5000)
    predict = add("predict", _predict, "predict new rows with the trained model")
    predict.add_argument(
        "input",
        nargs="+",
        help="a .csv, .tsv or .parquet, a .npy or .npz of raw rows, images or their folders, or tokens in columns",
    )
    predict.add_argument(
        "output", help="the .csv to write: prediction, ids, of classes p_<class> each; of text also columns"
    )
    predict.add_argument("--delimiter", help="between the cells of a text file (default: a comma, in .tsv a tab)")
    predict.add_argument("--decimal", default=".", choices=(".", ","), help="before fractions (default: a point)")
    predict.add_argument("--model", default="models", help="folder of the model (default: models)")
    return parser


def _repro(chosen: argparse.Namespace) -> int:
    from foldproof.workflow import repro

    return repro(Path.cwd(), chosen.dvc)


def _validate(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.validation import validate

    print(validate(Path.cwd()))
    return 0


def _check(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.checking import look

    return 1 if any(one.status == "error" for one in look(Path.cwd())) else 0


def _summary(chosen: argparse.Namespace) -> int:
    from foldproof.workflow import show_summary

    return show_summary(Path.cwd(), as_markdown=chosen.markdown)


def _smoke(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.workflow import smoke

    return smoke(Path.cwd())


def _retrain(chosen: argparse.Namespace) -> int:
    from foldproof.retraining.retrain import retrain

    return retrain(Path.cwd(), chosen.rows)


def _fetch(chosen: argparse.Namespace) -> int:
    from foldproof.tracking.fetching import fetch

    print(fetch(Path.cwd(), chosen.model, Path(chosen.folder)))
    return 0


def _audit(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.config import load_params
    from foldproof.evaluation.audit import audit, table

    proofs = audit(Path.cwd(), load_params("params.yaml").preprocess)
    print(table(proofs))
    return 0 if all(one.holds for one in proofs) else 1


def _clean(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.unfinished import clean
    from foldproof.writer import one_writer

    with one_writer(Path.cwd(), "clean"):
        print(clean(Path.cwd()))
    return 0


def _sync(chosen: argparse.Namespace) -> int:  # noqa: ARG001
    from foldproof.workflow import send

    return send(Path.cwd(), quiet=False)


def _ui(chosen: argparse.Namespace) -> int:
    from foldproof.tracking.ui import serve

    return serve(Path.cwd(), chosen.port)


def _predict(chosen: argparse.Namespace) -> int:
    from foldproof.prediction import predict_files

    sources, target, model = [Path(one) for one in chosen.input], Path(chosen.output), Path(chosen.model)
    print(predict_files(sources, target, model, delimiter=chosen.delimiter, decimal=chosen.decimal))
    return 0
