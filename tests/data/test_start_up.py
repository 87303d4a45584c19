"""Start-up time is part of the product: `split` and `preprocess` load nothing that takes longer than their work."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("matplotlib", "pandas", "scipy", "sklearn", "torch")
PROGRAM = f"""
import sys
import numpy as np
from foldproof.config.augment import Augment
from foldproof.config.preprocess import Preprocess
from foldproof.config.split import Split
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.preview import save_preview
from foldproof.data.schema import Column, Schema
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
dataset = describe("images", np.arange(640, dtype=np.uint8).reshape(40, 4, 4), np.arange(40) % 2)
split = make_split(dataset, Split(), 0)
fit_statistics(dataset, split, Preprocess())
save_preview(dataset, split, Augment(), "preview.png")
columns = Column("x"), Column("colour", "category", ("red", "green"))
schema = Schema("table", "table", (2,), columns, dataset.schema.targets)
features = np.stack([np.arange(40) * 1.5, np.arange(40) % 2], 1).astype(np.float32)
fit_statistics(Dataset(schema, features, dataset.targets), split, Preprocess())
sys.exit(", ".join(set({HEAVY}) & sys.modules.keys()) or 0)
"""


def test_dealing_fitting_and_drawing_images_as_they_are_need_numpy_and_pillow_alone(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, check=True)
