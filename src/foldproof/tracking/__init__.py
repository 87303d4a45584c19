"""The record of every run: a journal on disk, mirrored to MLflow."""
