"""Parts `ewt` and `transfer`: tagged English sentences, whose folds hold whole sentences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.own_fit import Fit, job, told, verdict
from foldproof.data.text.serving import rows_of

Say = Callable[[str], None]
COLUMNS = ["token", "pos", "ner"]
POS, NER = ("pos", "accuracy"), ("ner", "entity_f1")
POS_AIM = 0.86
FEW, DRAWS, REPEATS = 200, 3, 2
SETTINGS: dict[str, dict[str, Any]] = {
    "shipped": {},
    "`train.batch_size: 32`, `train.epochs: 40`": {"batch_size": 32, "epochs": 40},
}


def tasks(shared: Path, say: Say) -> None:
    """Part of speech and entities, each alone and both on one trunk, on the same five folds."""
    path = _written("ewt", [*_sentences(shared, "dev"), *_sentences(shared, "test")])
    alone = {name: Fit.of(job(_text(path, name))) for name, _ in (POS, NER)}
    both = Fit.of(job(_text(path, ["pos", "ner"])))
    if any((one.split.roles != both.split.roles).any() for one in alone.values()):
        raise RuntimeError("the folds of one target are not those of two")
    audit = both.split.audit
    say(
        f"English-EWT, dev and test together: {audit['rows']:,} tokens, of which {audit['test_rows']:,} are the test "
        "set. Shipped params, 5 folds of sentences, seed 0; no vectors were given; one setting was tried."
    )
    say("")
    say("| target, metric | alone: folds | test set | with the other: folds | test set | difference, two against one |")
    say("|---|---|---|---|---|---|")
    for place, (name, metric) in enumerate((POS, NER)):
        one, two = alone[name].scores(metric), both.scores(metric, place)
        say(
            f"| {name}, {metric} | {told(one)} | {alone[name].of_test_set(metric):.4f} | {told(two)} | "
            f"{both.of_test_set(metric, place):.4f} | {verdict(both.compared(metric, two, one))} |"
        )
    say("")
    reached = np.mean(alone["pos"].scores("accuracy")) >= POS_AIM
    seconds = ", ".join(f"{fit.seconds:.0f} ({fit.cpu:.0f})" for fit in (*alone.values(), both))
    say(
        f"POS of at least {POS_AIM}: {'reached' if reached else 'missed'}. Fits of pos, ner, both: {seconds} s (CPU s)."
    )


def transfer(shared: Path, say: Say) -> None:
    """Part of speech learnt on one file, then on a few sentences of another."""
    dev, test = _sentences(shared, "dev"), _sentences(shared, "test")
    source = Fit.of(job(_text(_written("source", dev), "pos")))
    source.trained.model.save("data/start/source")
    say(
        f"Part of speech, learnt on the {len(dev):,} sentences of one file (5 folds, shipped params, "
        f"{told(source.scores('accuracy'))}), then on {FEW} sentences of another, drawn {DRAWS} times (numpy's Philox, "
        f"seeds 0 to {DRAWS - 1}), beside initial weights on the same rows; 5 folds x {REPEATS}, no test set. The "
        "difference is of started against not, paired. Behind it the accuracy of both ensembles on the other "
        f"{len(test) - FEW:,} sentences, and the means of the lowest inner-validation losses."
    )
    say("")
    say("| params | draw | from initial weights | started | difference | other sentences | inner loss |")
    say("|---|---|---|---|---|---|---|")
    for name, train in SETTINGS.items():
        for seed in range(DRAWS):
            order = np.random.Generator(np.random.Philox(seed)).permutation(len(test))
            few, others = ([test[place] for place in part] for part in (order[:FEW], order[FEW:]))
            sections = {
                **_text(_written("few", few), "pos"),
                "split": {"test_share": 0, "repeats": REPEATS},
                "train": train,
            }
            drawn = Fit.of(job(sections))
            begun = Fit.of(job({**sections, "model": {"start_from": "data/start/source"}}))
            one, two = (fit.scores("accuracy") for fit in (drawn, begun))
            unseen = [f"{_of_sentences(fit, others):.4f}" for fit in (drawn, begun)]
            losses = ", ".join(f"{fit.inner_loss:.3f}" for fit in (drawn, begun))
            say(
                f"| {name} | {seed} | {told(one)} | {told(two)} | {verdict(begun.compared('accuracy', two, one))} | "
                f"{', '.join(unseen)} | {losses} |"
            )


def _of_sentences(fit: Fit, sentences: list[str]) -> float:
    """Accuracy of the ensemble on tagged sentences, encoded as `foldproof predict` does."""
    cells = [[line.split("\t") for line in sentence.splitlines()] for sentence in sentences]
    model = fit.trained.model
    found = model.predict(rows_of([[token for token, *_ in one] for one in cells], model.schema)).argmax(axis=1)
    tags = [tag for one in cells for _, tag, *_ in one]
    return float(np.mean([model.schema.classes[code] == tag for code, tag in zip(found, tags, strict=True)]))


def _text(path: str, target: str | list[str]) -> dict[str, dict[str, Any]]:
    return {"data": {"source": "conll", "path": path, "columns": COLUMNS, "target": target}}


def _sentences(shared: Path, name: str) -> list[str]:
    return (shared / "ewt" / f"{name}.conll").read_text(encoding="utf-8").strip("\n").split("\n\n")


def _written(name: str, sentences: list[str]) -> str:
    path = Path("data/raw") / f"{name}.conll"
    path.write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    return str(path)
