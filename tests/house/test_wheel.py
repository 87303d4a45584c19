"""The wheel holds all that the package needs: installed into an empty folder, it is found there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
DATA_SUFFIXES = {".html", ".css", ".typed"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of what the build reads, so that the checkout stays as it is."""
    copy = tmp_path_factory.mktemp("wheel source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    for file in _package_files():
        target = copy / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    out = copy / "dist"
    _run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(copy)])
    [built] = out.glob("*.whl")
    return built


def test_holds_every_module_and_the_data_beside_them(wheel: Path) -> None:
    expected = {file.relative_to(ROOT / "src").as_posix() for file in _package_files()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("foldproof/")}
    assert held == expected


def test_says_its_licence_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = {name.split(".dist-info/")[-1]: archive.read(name).decode() for name in archive.namelist()}
    assert "License-Expression: Apache-2.0" in text["METADATA"]
    assert "Apache License" in text["licenses/LICENSE"]
    assert "foldproof = foldproof.cli:main" in text["entry_points.txt"]


def test_imports_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    _run([*PIP, "install", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)])
    # With -S no .pth file is read, so the checkout's editable install is out of sight.
    # The dependencies come from the environment's folder, after the wheel's.
    program = f"""
import sys
sys.path[:0] = [{str(tmp_path / "site")!r}]
sys.path.append({_site_packages()!r})
import foldproof, foldproof.cli, foldproof.config, foldproof.data.splits
from importlib import resources
held = [item.name for item in resources.files("foldproof.report").iterdir()]
assert any(name.endswith(".html") for name in held), held
print(foldproof.__file__, foldproof.cli.__file__)
"""
    said = _run([sys.executable, "-I", "-S", "-c", program], folder=tmp_path)
    assert said.split() == [
        str(tmp_path / "site/foldproof/__init__.py"),
        str(tmp_path / "site/foldproof/cli.py"),
    ]


def _package_files() -> list[Path]:
    files = sorted((ROOT / "src/foldproof").rglob("*"))
    return [file for file in files if file.suffix in DATA_SUFFIXES | {".py"}]


def _site_packages() -> str:
    import numpy as np

    return str(Path(np.__file__).parents[1])


def _run(command: list[str], folder: Path | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
