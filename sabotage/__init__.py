"""Do the tests notice? `make sabotage` wrecks a copy of the sources, one line at a time; a named test must turn red.

`wrecks` is the table, a file a subject; `wreck` says what a row of it is; `copy` holds the scratch copy, `runs` runs
tests in it; `__main__` goes through the table. Where a line of the sources changes, its wreck no longer finds it, and
`tests/house/test_sabotage.py` says which row to mend.
"""
