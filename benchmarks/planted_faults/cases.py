"""All cases."""

from benchmarks.planted_faults import cases_of_networks, cases_of_rows, cases_of_training
from benchmarks.planted_faults.case import Case

CASES: tuple[Case, ...] = (*cases_of_rows.CASES, *cases_of_networks.CASES, *cases_of_training.CASES)
