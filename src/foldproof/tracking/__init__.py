"""The record of every run: files are the truth, MLflow is told.

A stage opens a `recorder.Recorder`. What it tells is written by a `scribe` into a `journal`, an append-only file under
`.foldproof` of the main `workspace`, one for each attempt at a digest (`provenance`, `attempts`). A companion process
(`background`) follows the journal; its `mirror` turns entries into a `picture` of the run and brings MLflow (`address`,
`store`, `runs`, `senders`, `model_log`) up to it, each point exactly once. `sync` does the same afterwards for all
journals, and records what DVC restored without running anything (`restoring`, `results`, `curves`).
Only the mirror's side imports mlflow, and never in a training process.
"""
