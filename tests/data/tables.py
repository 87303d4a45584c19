"""Files of tables that the tests write, and what is read from them."""

from pathlib import Path
from typing import Any

import pandas as pd

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source


def section(source: str, **keys: Any) -> Data:
    return Data.model_validate({"source": source, "path": f"data/raw/my.{source}", "target": "y"} | keys)


def table(text: str, source: str = "csv", **keys: Any) -> Dataset:
    """What is read from `data/raw/my.csv` in the working folder, which gets this text."""
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    Path(f"data/raw/my.{source}").write_bytes(text.encode())
    return load_source(section(source, **keys))


def parquet(frame: pd.DataFrame, **keys: Any) -> Dataset:
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    frame.to_parquet("data/raw/my.parquet", index=False)
    return load_source(section("parquet", **keys))
