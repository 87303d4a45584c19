"""Reading a table takes no more memory for more rows: measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import numpy as np

ROWS = 300_000
LIMIT = 150  # MiB beyond the imports; the arrays that are written hold 11, the file 14
PROGRAM = """
import resource, sys
import numpy, pyarrow, pyarrow.compute, pyarrow.csv
from foldproof.config.data import Data
from foldproof.data.dataset import prepare
from foldproof.data.sources import open_source
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
schema = prepare(open_source(Data(source="csv", path="data/raw/big.csv", target="y")), "prepared")
print(schema.rows, round(peak() - before))
"""


def test_memory_does_not_follow_the_rows(tmp_path: Path) -> None:
    generator = np.random.Generator(np.random.Philox(1))
    numbers = generator.normal(size=(1000, 5)).round(4)
    block = "".join(f"{','.join(map(str, row))},{'abc'[place % 3]},{place % 2}\n" for place, row in enumerate(numbers))
    (tmp_path / "data/raw").mkdir(parents=True)
    with (tmp_path / "data/raw/big.csv").open("w") as stream:
        stream.write("a,b,c,d,e,f,y\n")
        stream.writelines(block for _ in range(ROWS // 1000))
    answer = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True)
    rows, grown = map(int, answer.stdout.split()[-2:])
    assert rows == ROWS
    assert grown < LIMIT
