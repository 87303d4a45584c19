"""`foldproof retrain`: what CI does after a push, and anybody can do by hand.

    retrain   the order of the steps, and which of them stopped
    branch    git: what may be trained from, what is committed, how it reaches a branch that has moved
    objects   DVC's remote: what is there, what lacks, and that nothing is committed whose objects are not on it
    staleness what DVC finds changed, and the run that mends it
    record    whether MLflow has the result, and where
    mistakes  the rows that were predicted worst, for those who ask to see rows
    account   the summary as Markdown
    programs  running git and dvc, and what may be shown of what they say

Every step can be repeated: a run that was killed anywhere is mended by the next one.
"""
