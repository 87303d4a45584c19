"""Running git and dvc, and what may be shown of what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

from foldproof.errors import FoldproofError
from foldproof.tracking.address import without_secrets
from foldproof.workflow import stage_environment

_USER_IN_URL = re.compile(r"(?<=://)[^/\s'\"]+@")
_QUERY_IN_URL = re.compile(r"(://[^?\s'\"]*\?)[^\s'\"]+")  # signatures and tokens go by many names
MOST_LINES = 6  # of a program's complaint


def git(root: Path, *arguments: str) -> str:
    """What `git` answers; raises FoldproofError with its complaint where it refuses."""
    done = _run(["git", *arguments], root)
    if done.returncode:
        verb = next(argument for argument in arguments if re.fullmatch(r"[a-z][a-z-]*", argument))
        raise FoldproofError(f"git {verb}: {complaint(done.stderr or done.stdout)}")
    return done.stdout.strip("\n")


def git_agrees(root: Path, *arguments: str) -> bool:
    """Whether `git` ends well."""
    return _run(["git", *arguments], root).returncode == 0


def dvc(root: Path, *arguments: str) -> tuple[int, str, str]:
    """The exit code of `dvc`, its answer, and its complaint."""
    done = _run([sys.executable, "-m", "dvc", *arguments], root)
    return done.returncode, done.stdout, done.stderr


def complaint(text: str) -> str:
    """The lines of a program that say what is wrong, without an address's user, password and query, and secrets."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "error:", "fatal:", "remote:", "!"))]
    told = "\n".join((errors or lines)[:MOST_LINES]) or "it ended without a word"
    return without_secrets(_QUERY_IN_URL.sub(r"\1***", _USER_IN_URL.sub("***@", told)), os.environ)


def _run(command: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    # Nobody is there to be asked for a password or for the text of a message.
    silent = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"}
    return subprocess.run(
        command,
        cwd=root,
        env=stage_environment() | silent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
