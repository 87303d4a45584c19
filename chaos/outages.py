"""A tracking server that is late, killed, frozen, slow or ill: the run ends as if there were none, the record is whole.

Each outage is a function that disturbs one run from right before training to its end; `Run` is what it may use.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.clone import Clone, Done
from chaos.comparison import faults_of
from chaos.proxy import Ailment, Proxy
from chaos.reference import Reference, fit_seconds_of
from chaos.scoreboard import Scoreboard
from chaos.server import Server, free_port

FROZEN = 4.0  # seconds


@dataclass
class Run:
    """One run of the small job from training on, told to a server under an experiment's name."""

    clone: Clone
    server: Server
    experiment: str
    began: float = 0.0
    seconds: float = 0.0

    def start(self, uri: str | None = None) -> "subprocess.Popen[bytes]":
        """Begin, telling `uri` (default: the server)."""
        self.began = time.monotonic()
        variables = {"MLFLOW_TRACKING_URI": uri or self.server.uri, "MLFLOW_EXPERIMENT_NAME": self.experiment}
        return self.clone.repro(**variables)

    def await_epoch(self, process: "subprocess.Popen[bytes]", epoch: int = 2) -> None:
        """Wait until training has come so far; or until it ended, which the comparison then judges."""
        journals = self.clone.folder / ".foldproof" / "journal"
        words = f'"step": {epoch},'
        while process.poll() is None and not any(words in file.read_text() for file in journals.glob("*.jsonl")):
            time.sleep(0.02)

    def end(self, process: "subprocess.Popen[bytes]") -> Done:
        """Wait for the end."""
        done = self.clone.until_end(process, 0)
        self.seconds = time.monotonic() - self.began
        return done


Outage = Callable[[Run], Done]


def no_outage(run: Run) -> Done:
    """The server is there all along; what the others are compared with."""
    return run.end(run.start())


def never_there(run: Run) -> Done:
    """Down from start to end."""
    run.server.kill()
    done = run.end(run.start())
    run.server.start()
    return done


def late(run: Run) -> Done:
    """Down at the start, and up while training runs."""
    run.server.kill()
    process = run.start()
    run.await_epoch(process)
    run.server.start(wait=False)
    done = run.end(process)
    run.server.await_up()
    return done


def killed_and_back(run: Run) -> Done:
    """Killed while training runs, and started again at once."""
    process = run.start()
    run.await_epoch(process)
    run.server.kill()
    run.server.start(wait=False)
    done = run.end(process)
    run.server.await_up()
    return done


def killed_for_good(run: Run) -> Done:
    """Killed while training runs, and started again only for the sync."""
    process = run.start()
    run.await_epoch(process)
    run.server.kill()
    done = run.end(process)
    run.server.start()
    return done


def frozen_a_while(run: Run) -> Done:
    """Stopped by SIGSTOP for some seconds while training runs."""
    process = run.start()
    run.await_epoch(process)
    run.server.freeze()
    time.sleep(FROZEN)
    run.server.thaw()
    return run.end(process)


def frozen_to_the_end(run: Run) -> Done:
    """Stopped by SIGSTOP while training runs, until all is over."""
    process = run.start()
    run.await_epoch(process)
    run.server.freeze()
    done = run.end(process)
    run.server.thaw()
    return done


def _ailing(run: Run, ailment: Ailment) -> Done:
    proxy = Proxy(run.server.uri, ailment)
    try:
        return run.end(run.start(proxy.uri))
    finally:
        proxy.close()


def slow(run: Run) -> Done:
    """Each answer takes two seconds."""
    return _ailing(run, "slow")


def answering_500(run: Run) -> Done:
    """Each answer is an error."""
    return _ailing(run, "fails")


def losing_answers(run: Run) -> Done:
    """One request in ten arrives and its answer does not."""
    return _ailing(run, "loses answers")


def showing_a_page(run: Run) -> Done:
    """Each answer is a page of HTML, and says 200."""
    return _ailing(run, "shows a page")


def wrong_host(run: Run) -> Done:
    """The server answers 403, because it was told to answer to another name."""
    run.server.kill()
    run.server.start(hosts="mlflow.example.org")
    done = run.end(run.start())
    run.server.kill()
    run.server.start()
    return done


OUTAGES: tuple[Outage, ...] = (
    never_there,
    late,
    killed_and_back,
    killed_for_good,
    frozen_a_while,
    frozen_to_the_end,
    slow,
    answering_500,
    losing_answers,
    showing_a_page,
    wrong_host,
)


def outages(scratch: Path, reference: Reference, board: Scoreboard, some: Sequence[Outage]) -> None:
    """Some of the outages, a run each, with a server of their own; times are compared with the first one's."""
    server = Server(scratch / f"server-{some[-1].__name__}", free_port())
    server.start()
    undisturbed: tuple[float, float] | None = None
    try:
        for outage in some:
            name = outage.__name__.replace("_", " ")
            clone = reference.prepared.copy(scratch / f"outage-{outage.__name__}-{server.port}")
            run = Run(clone, server, name)
            done = outage(run)
            took = (fit_seconds_of(clone), run.seconds)
            undisturbed = undisturbed or took
            fit, whole = (f"{mine:.1f} s ({mine - its:+.1f} s)" for mine, its in zip(took, undisturbed, strict=True))
            board.say(f"  {name}: fit {fit}, the three stages {whole}")
            faults = faults_of(clone, reference, store=server.database, experiment=name, uri=server.uri)
            board.add(
                ["control: no outage" if outage is no_outage else f"outage: {name}"],
                clone.folder.name,
                [*failed(done), *faults],
            )
    finally:
        server.kill()


def failed(done: Done) -> list[str]:
    """The fault of a run that did not end well."""
    return [f"dvc repro ended with {done.code}: {' / '.join(done.said.splitlines()[-4:])}"] if done.code else []
