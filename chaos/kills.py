"""SIGKILLs, several a run: over and over at the stage, `dvc` alone, a worker, the process group, the companion."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from chaos.clone import Clone
from chaos.comparison import faults_of
from chaos.moments import (
    EVERYWHERE,
    MOMENTS,
    RESUME,
    Moment,
    await_dvc_writing,
    await_time,
    await_writing,
    await_written,
)
from chaos.processes import process_with, strike
from chaos.reference import Reference
from chaos.scoreboard import Scoreboard

Victim = Literal["the stage", "dvc alone", "a worker", "the group", "the companion", "the writer"]
GO_ON = ("a worker", "the companion")  # whose death the run outlives
KILLS_A_ROUND = (4, 5, 6)
TRIES_AFTER = 8  # how often a repro that is not killed may be refused before that counts as a loss
PAUSE = 0.5  # seconds between two such tries
REFUSED = re.compile(r"another run is writing|is busy, it is being blocked|Unable to acquire lock")
# DVC writes these two in place: one that was cut short is mended as its message, or ours, says.
CUT_SHORT = re.compile(
    r"unable to read: 'dvc\.lock'|'dvc\.lock' is invalid|Unable to read RWLock-file|dvc\.lock.*corrupt"
)


@dataclass
class Round:
    """One clone, killed again and again until it has done its job."""

    clone: Clone
    reference: Reference
    draw: Random
    board: Scoreboard
    kills: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    cut_short: int = 0  # how often a file of DVC's had to be mended

    def go(self, most: int) -> None:
        """Kill up to `most` times, then let it finish."""
        done = False
        while not done and len(self.kills) < most:
            done = self._disturbed(most)
        tries = 0
        while not done:
            start = self.clone.log_end
            ended = self.clone.until_end(self._repro(), start)
            done = ended.code == 0
            if not done and not self._refused(ended.said):
                self.faults.append(f"dvc repro ended with {ended.code}: {_last_lines(ended.said)}")
                return
            tries += 1
            if tries > TRIES_AFTER:
                self.faults.append(f"refused {tries} times: {_last_lines(ended.said)}")
                return
            time.sleep(0 if done else PAUSE)
        self.faults += faults_of(self.clone, self.reference)

    def _repro(self) -> "subprocess.Popen[bytes]":
        variables = {"FOLDPROOF_WAIT": "1"} if self.draw.random() < 0.5 else {}
        return self.clone.repro(**variables)

    def _disturbed(self, most: int) -> bool:
        """Start `dvc repro` and strike, again where the run goes on; whether it came to its end all the same."""
        start = self.clone.log_end
        process = self._repro()
        while True:
            moment: Moment = self.draw.choice(MOMENTS)
            victim = self._strike(process, moment)
            if victim:
                self.kills.append(f"{victim}, {moment}")
                self.board.say(f"  {self.clone.folder.name}: killed {victim}, {moment}; done: {self._progress()}")
            if victim not in GO_ON or len(self.kills) == most:
                break
        ended = self.clone.until_end(process, start)
        if ended.code and victim in (None, *GO_ON) and not self._refused(ended.said):
            self.faults.append(
                f"after {victim or 'nobody'}, dvc repro ended with {ended.code}: {_last_lines(ended.said)}"
            )
        return ended.code == 0

    def _strike(self, process: "subprocess.Popen[bytes]", moment: Moment) -> Victim | None:
        """Wait for the moment, kill; the victim, None where the run ended before."""
        if moment == "at any time":
            most = 1.0 + self.reference.seconds_after(self.clone.stages_done())
            return self._kill(process, None) if await_time(process, self.draw.uniform(0, most)) else None
        if moment == "as DVC writes":
            there = await_dvc_writing(process, self.clone, self.draw.randrange(3))
            return "dvc alone" if there and strike(process.pid) else None
        training = "train" not in self.clone.stages_done()
        at_checkpoint = training and self.draw.random() < 0.6
        wait = await_writing if moment == "before a rename" else await_written
        folders, passed_over = (
            (RESUME, self.draw.randrange(8)) if at_checkpoint else (EVERYWHERE, self.draw.randrange(3))
        )
        part = wait(process, self.clone, folders, passed_over)
        return self._kill(process, part.writer) if part else None

    def _kill(self, process: "subprocess.Popen[bytes]", writer: int | None) -> Victim | None:
        """Kill one of those who are there; a writer that stands still is let go on where it is not the one."""
        there: dict[Victim, int] = {"dvc alone": process.pid, "the group": -process.pid}
        for victim, role in (("the stage", "stage"), ("a worker", "worker"), ("the companion", "companion")):
            found = process_with(self.clone.folder, role)  # type: ignore[arg-type]
            if found:
                there[victim] = found.pid  # type: ignore[index]
        if writer is not None:
            there["the writer"] = writer
        weights = {"the stage": 3, "dvc alone": 3, "a worker": 4, "the group": 2, "the companion": 1, "the writer": 4}
        victim = self.draw.choices(list(there), [weights[name] for name in there])[0]
        victim = next((name for name, pid in there.items() if pid == there[victim]), victim)
        struck = _strike_group(process.pid) if victim == "the group" else strike(there[victim])
        if writer is not None:
            strike(writer, signal.SIGCONT)
        return victim if struck else None

    def _refused(self, said: str) -> bool:
        """Whether a run was refused for a reason that passes, or that `foldproof repro` mends before it starts DVC."""
        if CUT_SHORT.search(said):
            self.cut_short += 1
            since = self.clone.log_end
            mended = self.clone.until_end(self.clone.foldproof("repro", "prepare"), since)
            return mended.code == 0
        return bool(REFUSED.search(said))

    def _progress(self) -> str:
        checkpoints = len(list((self.clone.folder / RESUME[0]).rglob("*.safetensors")))
        return f"{' '.join(self.clone.stages_done()) or 'nothing'}; {checkpoints} checkpoints"


def kill(scratch: Path, reference: Reference, kills: int, seed: int, board: Scoreboard) -> None:
    """Rounds until there were so many kills; every other begins with nothing, the rest right before training."""
    number = struck = cut_short = 0
    while struck < kills:
        draw = Random(f"{seed} {reference.engine} {number}")
        start = reference.prepared if number % 2 else reference.fresh
        clone = start.copy(scratch / f"kills-{reference.engine}-{number}")
        round_ = Round(clone, reference, draw, board)
        round_.go(min(draw.choice(KILLS_A_ROUND), kills - struck))
        board.add([f"kill {one}" for one in round_.kills], clone.folder.name, round_.faults)
        struck += len(round_.kills)
        cut_short += round_.cut_short
        number += 1
    board.remark(
        f"kills, {reference.engine}: {cut_short} times a file that DVC writes in place was cut short, and mended"
    )


def _strike_group(group: int) -> bool:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _last_lines(said: str) -> str:
    return " / ".join(said.strip().splitlines()[-4:])
