"""Tags with what the learning curves say, of the run and of its members."""

from pathlib import Path

from foldproof.reproducibility import write_json
from foldproof.tracking.address import Address
from foldproof.tracking.journal import Journal
from foldproof.tracking.results import DIAGNOSIS, record_diagnoses
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import Store
from tests.tracking.projects import MEMBERS
from tests.tracking.stores import Connect, held, send, write_run

Shared = tuple[Path, Store, Connect, Address]


def test_a_run_and_its_members_are_tagged_with_what_the_curves_say(shared: Shared, tmp_path: Path) -> None:
    workspace, store, connect, _ = shared
    path = write_run(workspace)
    found = {"name": "unstable", "sentence": "the loss goes up and down."}
    symptoms: tuple[list[dict[str, str]], ...] = ([], [found, {**found, "name": "overfitting"}])
    members = [
        {"seed": 0, "repeat": 0, "fold": member.fold, "symptoms": own}
        for member, own in zip(MEMBERS, symptoms, strict=True)
    ]
    write_json(tmp_path / "evaluation.json", {"diagnoses": [found], "members": members})
    with Journal(path) as journal:
        record_diagnoses(Scribe(journal), tmp_path / "evaluation.json")
        record_diagnoses(Scribe(journal), tmp_path / "absent.json")
    send(path, connect)
    run = held(store)
    assert run.tags[DIAGNOSIS] == "unstable"
    assert [run.children[member.name].tags[DIAGNOSIS] for member in MEMBERS] == [
        "nothing amiss",
        "unstable, overfitting",
    ]
    assert run.children["fold 1"].points["accuracy"] == [(0, 0.8)]
