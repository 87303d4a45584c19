"""The mirror: MLflow holds what the journal tells, each point exactly once, whatever happened in between."""

import time
from pathlib import Path
from typing import Any

import pytest

from foldproof.tracking import mirror
from foldproof.tracking.address import Address
from foldproof.tracking.journal import Journal, read
from foldproof.tracking.mirror import Cursor, Mirror, MirrorBusyError, records_left, sole
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import Store
from foldproof.tracking.workspace import Home, files_of
from tests.tracking.projects import EPOCHS, MEMBERS, chosen, dataset, figures
from tests.tracking.stores import Connect, Held, held, open_store, send, write_run

Shared = tuple[Path, Store, Connect, Address]


def expect_whole(found: Held) -> None:
    """What `write_run` wrote, told by hand."""
    assert found.status == "FINISHED"
    assert found.params == {name: str(value) for name, value in chosen().flat().items()}
    assert found.tags["some.tag"] == "x"
    assert found.tags["environment.torch"] == "1.2.3"
    assert found.datasets == [("digits", dataset("image").schema.fingerprint[:36])]
    assert found.files == ["notes/a note.txt"]
    means = dict(found.points["training_loss"])
    assert means == pytest.approx({epoch: 1 / (epoch + 1) + 0.5 for epoch in range(EPOCHS)})
    assert len(found.points["training_loss"]) == EPOCHS
    assert found.points["accuracy"] == [(0, 0.9)]
    assert [value for name, values in found.points.items() if "precision_5 _ü_" in name for _, value in values] == [0.7]
    assert sorted(found.children) == ["fold 0", "fold 1"]
    for member in MEMBERS:
        child = found.children[member.name]
        assert child.status == "FINISHED"
        assert (child.tags["foldproof.repeat"], child.tags["foldproof.fold"]) == ("0", str(member.fold))
        for name in figures(member, 0):
            assert child.points[name] == [(epoch, figures(member, epoch)[name]) for epoch in range(EPOCHS)]
        assert child.points["best_epoch"] == [(0, 1.0)]
        assert child.points["best_inner_validation_loss"] == [(0, 0.5 + member.fold)]
    assert found.children["fold 1"].points["accuracy"] == [(0, 0.8)]


def test_everything_arrives_and_again_adds_nothing(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    path = write_run(workspace)
    send(path, connect)
    expect_whole(held(store))
    assert records_left(path)[0] == 0
    send(path, connect)
    expect_whole(held(store))
    path.with_suffix(".cursor").unlink()
    send(path, connect)
    expect_whole(held(store))


def test_times_are_those_of_the_journal(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    path = write_run(workspace, "a0" * 32)
    send(path, connect)
    records = read(path)[0]
    (run,) = store.client.search_runs([store.experiment_id], f"tags.`foldproof.digest` = '{'a0' * 32}'")
    assert (run.info.start_time, run.info.end_time) == (records[0].time, records[-1].time)
    told = {record.time for record in records if record.kind == "metrics"}
    assert {point.timestamp for point in store.client.get_metric_history(run.info.run_id, "training_loss")} <= told


def test_entry_by_entry_is_as_all_at_once(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that runs is followed; portions of one record move the cursor after each."""
    workspace, store, connect, _ = shared
    monkeypatch.setattr(mirror, "PORTION", 1)
    whole = write_run(workspace, "b0" * 32)
    lines = whole.read_bytes().splitlines(keepends=True)
    whole.write_bytes(b"")
    with sole(whole):
        follower = Mirror(whole, connect)
        for line in lines:
            with whole.open("ab") as stream:
                stream.write(line[:7])
            follower.advance()
            with whole.open("ab") as stream:
                stream.write(line[7:])
            follower.advance()
    expect_whole(held(store, "b0" * 32))


class Breaking:
    """MLflow's client, which fails at one call: before it is sent, or after it arrived, as when an answer is lost."""

    def __init__(self, client: Any, at: int, arrives: bool) -> None:
        self.client, self.calls, self.at, self.arrives = client, 0, at, arrives

    def connector(self, store: Store, address: Address) -> Connect:
        return lambda _: (Store(self, store.experiment_id), address.shown)

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self.at and not self.arrives:
                raise ConnectionError("broken before")
            answer = getattr(self.client, name)(*arguments, **named)
            if self.calls == self.at:
                raise ConnectionError("broken after")
            return answer

        return call


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("keep_cursor", [False, True])
def test_broken_off_at_any_call_each_point_is_there_once(
    shared: Shared, arrives: bool, keep_cursor: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if killed there: another mirror, which knows nothing, goes on."""
    workspace, store, connect, address = shared
    monkeypatch.setattr(mirror, "PORTION", 9)
    at = 0
    while True:
        at += 3 if keep_cursor else 2
        digest = f"{at:04x}{arrives:02x}{keep_cursor:02x}" * 8
        path = write_run(workspace, digest)
        client = Breaking(store.client, at, arrives)
        try:
            send(path, client.connector(store, address))
        except ConnectionError:
            if not keep_cursor:
                path.with_suffix(".cursor").unlink(missing_ok=True)
            send(path, connect)
            expect_whole(held(store, digest))
            continue
        assert client.calls < at
        break
    assert at > 10


def test_the_same_mirror_goes_on_after_a_failure(shared: Shared) -> None:
    workspace, store, _, address = shared
    path = write_run(workspace, "c0" * 32)
    client = Breaking(store.client, 9, arrives=True)
    with sole(path):
        follower = Mirror(path, client.connector(store, address))
        with pytest.raises(ConnectionError):
            follower.advance()
        follower.advance()
    expect_whole(held(store, "c0" * 32))


def test_what_a_killed_stage_told_twice_counts_once_and_the_first_value_stays(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    digest = "e0" * 32
    path = write_run(workspace, digest)
    with Journal(path) as journal:
        Scribe(journal).metrics({"training_loss": 99.0, "new": 1.0}, MEMBERS[0], 0)
    send(path, connect)
    points = held(store, digest).children["fold 0"].points
    assert points["training_loss"][0] == (0, 1.0)
    assert len(points["training_loss"]) == EPOCHS
    assert points["new"] == [(0, 1.0)]


def test_stages_open_the_run_again_and_end_it(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    digest = "f0" * 32
    path = write_run(workspace, digest, finished=False)
    send(path, connect)
    assert {held(store, digest).status, held(store, digest).children["fold 0"].status} == {"RUNNING"}
    for status, wanted in (("failed", "FAILED"), ("started", "RUNNING"), ("finished", "FINISHED")):
        with Journal(path) as journal:
            Scribe(journal).stage("train", status, "out of luck" if status == "failed" else "")  # type: ignore[arg-type]
        send(path, connect)
        found = held(store, digest)
        assert {found.status, found.children["fold 0"].status} == {wanted}
        assert found.tags.get("foldproof.error") == ("out of luck" if status == "failed" else None)
    for status, wanted in (("started", "RUNNING"), ("killed", "KILLED")):
        with Journal(path) as journal:
            Scribe(journal).stage("evaluate", status)  # type: ignore[arg-type]
        send(path, connect)
        found = held(store, digest)
        assert (found.status, found.children["fold 0"].status) == (wanted, "FINISHED")


def test_a_journal_that_was_lost_and_written_anew_adds_no_point(shared: Shared) -> None:
    """Then the same points come with later times, which MLflow by itself takes for other points."""
    workspace, store, connect, _ = shared
    digest = "e1" * 32
    path = write_run(workspace, digest)
    send(path, connect)
    first = read(path)[0][-1].time
    path.unlink()
    path.with_suffix(".cursor").unlink()
    while time.time_ns() // 1_000_000 <= first:
        time.sleep(0.001)
    send(write_run(workspace, digest), connect)
    expect_whole(held(store, digest))


def test_attempts_are_runs_of_their_own(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    for attempt in (1, 2):
        send(write_run(workspace, "ab" * 32, attempt), connect)
    expect_whole(held(store, "ab" * 32, 1))
    expect_whole(held(store, "ab" * 32, 2))


def test_a_run_deleted_in_mlflow_stays_deleted(shared: Shared) -> None:
    from mlflow.entities import ViewType

    workspace, store, connect, _ = shared
    path = write_run(workspace, "cd" * 32)
    send(path, connect)
    wanted = f"tags.`foldproof.digest` = '{'cd' * 32}'"
    (run,) = store.client.search_runs([store.experiment_id], wanted)
    store.client.delete_run(run.info.run_id)
    with Journal(path) as journal:
        Scribe(journal).metrics({"more": 1.0})
    send(path, connect)
    assert records_left(path)[0] == 0
    assert len(store.client.search_runs([store.experiment_id], wanted, ViewType.ALL)) == 1
    assert not store.client.search_runs([store.experiment_id], wanted)


def test_of_two_runs_for_one_attempt_the_oldest_is_kept(shared: Shared) -> None:
    """A server that is slow may create a run after the client gave up and asked again."""
    workspace, store, connect, _ = shared
    digest = "ef" * 32
    tags = {"foldproof.digest": digest, "foldproof.attempt": "1"}
    first = store.client.create_run(store.experiment_id, 1000, tags, "first")
    store.client.create_run(store.experiment_id, 2000, tags, "second")
    send(write_run(workspace, digest), connect)
    assert held(store, digest).name == "first"
    assert Cursor.load(Home(workspace).journal(digest, 1)).run == first.info.run_id


def test_a_store_that_was_lost_is_told_all_again(tmp_path: Path, empty_store: Path) -> None:
    for name in ("mlflow.db", "other.db"):
        (tmp_path / name).write_bytes(empty_store.read_bytes())
    path = write_run(tmp_path)
    with open_store(tmp_path) as (_, connect, _):
        send(path, connect)
    assert Cursor.load(path).sequence > 0
    uri = f"sqlite:///{tmp_path}/other.db"
    with open_store(tmp_path, uri) as (store, connect, _):
        send(path, connect)
        expect_whole(held(store))


def test_one_process_sends_a_journal_at_a_time(shared: Shared) -> None:
    path = write_run(shared[0], "0d" * 32)
    with sole(path), pytest.raises(MirrorBusyError), sole(path):
        pass


def test_files_that_were_let_go_are_not_missed(shared: Shared) -> None:
    import shutil

    workspace, store, connect, _ = shared
    path = write_run(workspace, "0e" * 32)
    send(path, connect)
    shutil.rmtree(files_of(path))
    path.with_suffix(".cursor").unlink()
    send(path, connect)
    expect_whole(held(store, "0e" * 32))


def test_a_batch_beyond_a_call_is_parted(shared: Shared) -> None:
    workspace, store, connect, _ = shared
    digest = "0f" * 32
    path = write_run(workspace, digest)
    with Journal(path) as journal:
        for step in range(3):
            Scribe(journal).metrics({f"m{index}": float(step) for index in range(400)}, step=step)
    send(path, connect)
    points = held(store, digest).points
    assert all(points[f"m{index}"] == [(0, 0.0), (1, 1.0), (2, 2.0)] for index in range(0, 400, 57))
