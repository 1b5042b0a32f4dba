"""Real jobs for tests: a work folder, supervisor.py as a command, and words for what tests do with them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from job_evidence import look
from job_processes import start_time

SUPERVISOR = Path(__file__).resolve().parents[2] / "python" / "supervisor.py"
PYTHON = os.environ.get("EARMARK_SUPERVISOR_PYTHON", sys.executable)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Bench:
    """A work folder, jobs in it, and words for what tests do with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / ".earmark" / "jobs"
        self.made = 0
        self.supervisor = SUPERVISOR

    def spec(self, script: str, **more: object) -> dict:
        """A job that runs a shell script in the work folder."""
        self.made += 1
        job = "01J0000000000000000000000" + ALPHABET[self.made]
        words = {"v": 1, "id": job, "kind": "command", "title": f"Job {self.made}", "created": "2026-01-01T00:00:00Z"}
        return {**words, "argv": ["sh", "-c", script], "cwd": str(self.folder), **more}

    def call(self, *words: object, payload: bytes = b"") -> tuple[dict, subprocess.CompletedProcess]:
        argv = [PYTHON, "-I", "-S", "-X", "utf8", str(self.supervisor), *map(str, words), "--frame", "f00d"]
        done = subprocess.run(argv, input=payload, capture_output=True, timeout=60, check=False)
        begin, body, end, *rest = done.stdout.decode().split("\n")
        assert (begin, end, rest) == ("EARMARK-f00d", "END-f00d", [""]), done
        return json.loads(body), done

    def start(self, *specs: dict, sha256: str | None = None) -> dict:
        payload = json.dumps({"jobs": specs}).encode()
        return self.call(
            "start", self.root, "--sha256", sha256 or hashlib.sha256(payload).hexdigest(), payload=payload
        )[0]

    def started(self, spec: dict) -> Path:
        answer = self.start(spec)
        assert answer["ok"], answer
        return self.root / spec["id"]

    def run(self, spec: dict) -> dict:
        return self.ended(self.started(spec))

    def ended(self, job: Path) -> dict:
        wait(lambda: (job / "exit.json").exists())
        return json.loads((job / "exit.json").read_text())

    def end_all(self) -> None:
        for job in self.root.glob("01J*") if self.root.exists() else ():
            if runs(job):
                self.call("stop", job, "--grace", 0)
                wait(lambda job=job: not runs(job))


def wait(done: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    return start_time(pid) is not None


def pid_in(file: Path) -> int:
    wait(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def runs(job: Path) -> bool:
    seen = look(str(job))
    return seen.get("exit") is None and (seen.get("lock") == "held" or seen.get("alive", False))
