"""Planted faults: settings that are broken on purpose, each of which the checks before training must find.

A `case` says how a healthy setting is broken, which checks may find it, and which keys of params.yaml may be advised.
Settings are made in memory by `setting` from `rows`, sound ones and `spoiled_rows`, from `networks` of a user's own and
from wrong `losses`. Cases are told in `cases_of_rows`, `cases_of_networks` and `cases_of_training`; `healthy` settings,
beside them, must raise nothing. `outcome` judges, `scoreboard` counts, `make faults` runs.

Cases stand before thresholds: the half called open may be looked at while thresholds are set, the sealed half is run
once they are.
"""
