"""Freed memory is kept during a fit and given back after it."""

import multiprocessing
import platform
import resource
from collections.abc import Callable

import pytest
import torch

from foldproof.training.memory import keeping_freed_memory

PAGES = 8 * (1 << 20) // resource.getpagesize()  # of a tensor of 8 MiB


def in_a_process_of_its_own(check: Callable[[], None]) -> None:
    """Where no earlier test has left freed memory lying about."""
    process = multiprocessing.get_context("spawn").Process(target=check)
    process.start()
    process.join()
    assert process.exitcode == 0


def faults_of(work: Callable[[], object]) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def keeps_and_gives_back() -> None:
    def steps() -> None:
        for _ in range(10):
            torch.ones(2 * (1 << 20))

    with keeping_freed_memory():
        for _ in range(5):  # small objects settle in what the first steps free
            steps()
        assert faults_of(steps) < 5 * PAGES
    assert faults_of(lambda: torch.ones(2 * (1 << 20))) >= PAGES / 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_memory_that_was_freed_is_used_again_without_asking_the_system() -> None:
    in_a_process_of_its_own(keeps_and_gives_back)


def test_an_error_passes_through() -> None:
    with pytest.raises(KeyError, match="inside"), keeping_freed_memory():
        raise KeyError("inside")
