"""Fixtures for all of test/python: a tiny model in the real layout, clips to train on, the scripts as commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from jobs import Bench

os.environ.setdefault("OMP_NUM_THREADS", "1")
PYTHON_FOLDER = Path(__file__).resolve().parents[2] / "python"
RATE = 32_000


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from make_model import make_model

    folder = tmp_path_factory.mktemp("models") / "tiny-musicgen"
    make_model(folder)
    return folder


@pytest.fixture(scope="session")
def sharded_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from make_model import make_model

    folder = tmp_path_factory.mktemp("models") / "sharded"
    make_model(folder, shards=True)
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten different clips of 2 s and their metadata.json."""
    folder = tmp_path_factory.mktemp("data")
    write_clips(folder, 10, seconds=2.0)
    return folder


def write_clips(folder: Path, count: int, seconds: float = 2.0, rate: int = RATE) -> list[dict[str, str]]:
    """Writes clips of chirps and noise with captions, and metadata.json; returns its rows."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(count):
        random = np.random.default_rng(i)
        t = np.arange(round(seconds * rate)) / rate
        tone = np.sin(2 * np.pi * (110 * 1.3**i) * t * (1 + 0.1 * t))
        samples = 0.3 * tone + 0.1 * random.standard_normal(len(t)) * np.abs(np.sin(2 * np.pi * t))
        soundfile.write(folder / f"clip_{i:02d}.wav", samples, rate, subtype="PCM_16")
        rows.append({"audio": f"clip_{i:02d}.wav", "text": f"solo guitar, slow, number {i}"})
    (folder / "metadata.json").write_text(json.dumps(rows), encoding="utf-8")
    return rows


Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def script() -> Script:
    """`script("train_lora.py", "--flag", value, …)` runs a script of python/ as a person would; never raises."""

    def run(name: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        argv = script_argv(name, *arguments)
        return subprocess.run(argv, capture_output=True, text=True, timeout=300, **options)

    return run


def script_argv(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(PYTHON_FOLDER / name), *map(str, arguments)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A work folder whose jobs end with the test."""
    bench = Bench(tmp_path)
    yield bench
    bench.end_all()
