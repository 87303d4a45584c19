"""The steps of a retraining, in an order in which a run that is killed anywhere is mended by the next one.

alone      no other run is at work here, from now to the end; what a killed `dvc` left cut short is mended
checkout   a branch with nothing uncommitted, whose results nobody else has changed on the remote
pull       what DVC's remote has; what it lacks is made again
validate   params and data, before DVC removes anything
repro      what is stale, and only that; where nothing is, nothing is changed and nothing pushed
track      what MLflow lacks; a server that is away is told and fails nothing
dvc push   objects first, so that no commit names what nobody can fetch
commit, git push   dvc.lock and the reports that git keeps; never by force
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from foldproof.errors import FoldproofError
from foldproof.retraining.account import Account
from foldproof.retraining.branch import Branch
from foldproof.retraining.objects import DataRemote, check_out
from foldproof.retraining.record import Tracked, bring_up_to_date, is_tracked_for_others
from foldproof.retraining.staleness import Reproduced, Status, reproduce
from foldproof.validation import validate
from foldproof.writer import one_run


class RetrainingError(FoldproofError):
    """A step of retraining cannot go on."""


def retrain(root: Path, rows: int = 0) -> int:
    """Bring the branch that is checked out at `root` up to date with its data, params and code; returns 0.

    Args:
        root: the project's root, with `params.yaml` and `dvc.yaml`.
        rows: how many rows of data, those predicted worst, the summary may show.

    Raises:
        RetrainingError: naming the step, what was found, and what to do. Nothing is half done that another call does
            not mend.
    """
    account = Account(rows)
    try:
        with ExitStack() as held:
            with _step("alone", account):
                held.enter_context(one_run(root))
            _retrain(root, account)
    finally:
        account.write()
    return 0


def _retrain(root: Path, account: Account) -> None:
    with _step("checkout", account):
        branch = Branch.checked_out(root)
        branch.refuse_what_is_not_committed()
        branch.refuse_what_would_collide()
        commit = branch.head
    with _step("dvc pull", account):
        remote = DataRemote.configured(root)
        # DVC pulls earlier runs all or nothing, so not from a remote that is damaged.
        pull = remote.fetch() if remote is not None else False
        status = check_out(root)
    with _step("validate", account, may_quote_data=True):
        print(validate(root), flush=True)
    if not (status.stages or branch.changed() or branch.unpushed()):
        _nothing_to_do(root, account, commit)
        return
    account.fact("commit", commit)
    done = _reproduced(root, account, status, pull=pull)
    tracked = bring_up_to_date(root, anew=True)
    account.fact("digest", tracked.digest)
    _tell_record(account, tracked)
    headline = account.result(root)
    _publish(account, branch, remote, headline, _details(commit, tracked, done))
    account.title = "Retrained" if done.ran else "Restored from earlier runs" if done.restored else "Published"


def _nothing_to_do(root: Path, account: Account, commit: str) -> None:
    account.title = "Nothing to retrain"
    print("nothing is stale: nothing was run, and nothing is pushed", flush=True)
    account.fact("commit", commit)
    account.fact("stale", "nothing: data, params, code and pinned versions are those of the committed result")
    if is_tracked_for_others():
        _tell_record(account, bring_up_to_date(root, anew=False))


def _reproduced(root: Path, account: Account, status: Status, *, pull: bool) -> Reproduced:
    if not status.stages:
        account.fact("stale", "nothing; an earlier run was not committed")
        return Reproduced((), ())
    told = "; ".join(f"{stage} ({why})" for stage, why in status.stages.items())
    print(f"stale: {told}", flush=True)
    account.fact("stale", told)
    with _step("dvc repro", account):
        done = reproduce(root, pull=pull)
    account.fact("run", ", ".join(done.ran) or "nothing")
    if done.restored:
        account.fact("restored from earlier runs", ", ".join(done.restored))
    return done


def _publish(account: Account, branch: Branch, remote: DataRemote | None, headline: str, details: str) -> None:
    if remote is None:
        told = "not pushed and not committed: there is no DVC remote to hold what dvc.lock names (docs/retraining.md)"
        print(told, flush=True)
        account.fact("published", told)
        return
    with _step("dvc push", account):
        remote.push()
    if not (branch.changed() or branch.unpushed()):
        account.fact("published", f"DVC remote {remote.name}; the bytes are those of the commit, so there is no other")
        return
    with _step("commit", account):
        if branch.changed():
            branch.commit(headline, details)
    with _step("git push", account):
        came = branch.push()
    moved = f", on top of {came} that came meanwhile" if came else ""
    account.fact("published", f"DVC remote {remote.name}; commit {branch.head} on {branch.shown}{moved}")
    print(f"pushed to DVC remote {remote.name} and to {branch.shown}", flush=True)


def _tell_record(account: Account, tracked: Tracked) -> None:
    if tracked.where:
        account.fact("tracked", tracked.where)
    if tracked.problem:
        told = f"MLflow does not have all of it ({tracked.problem}); the next run sends what lacks"
        print(f"tracking: {told}", flush=True)
        account.fact("tracking", told)


def _details(commit: str, tracked: Tracked, done: Reproduced) -> str:
    lines = [f"Trained from: {commit}", f"Digest: {tracked.digest}"]
    lines += [f"Stages run: {', '.join(done.ran)}"] if done.ran else []
    return "\n".join(lines)


@contextmanager
def _step(name: str, account: Account, *, may_quote_data: bool = False) -> Iterator[None]:
    try:
        yield
    except FoldproofError as error:
        account.stopped(name, error.problems, may_quote_data=may_quote_data)
        raise RetrainingError(f"retrain stopped at: {name}", *error.problems) from error
