"""The files of a run, contract v1: run.json, events.jsonl, and how they are written so that no reader sees half a file.

Files appear whole by rename, lines are appended whole, and one folder has one writer at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import platform
import subprocess
import time
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from errors import HumanError

VERSION = 1


class Events:
    """`events.jsonl` of a run. Each call appends one whole line and returns what was written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"

    def write(self, type: str, **fields: Any) -> dict[str, Any]:
        event = {"v": VERSION, "t": round(time.time(), 3), "type": type, **fields}
        append_line(self.path, event)
        return event


class SilentEvents(Events):
    """For processes that are not the first of several: one run has one record."""

    def write(self, type: str, **fields: Any) -> dict[str, Any]:
        return {"v": VERSION, "type": type, **fields}


def write_run(folder: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Writes run.json with an id of its own and the environment; returns what was written."""
    run = {
        "v": VERSION,
        "id": uuid.uuid4().hex,
        "name": folder.resolve().name,
        "created": utc_now(),
        **fields,
        "environment": environment(),
    }
    write_json(folder / "run.json", run)
    return run


def read_json(path: Path) -> Any:
    """The value in a JSON file. Raises HumanError that names the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HumanError("{file} does not exist.", "missing-file", says="file-missing", file=path) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise HumanError(
            "{file} could not be read as JSON: {why}. Restore or repair it.",
            "bad-json",
            says="json-unreadable",
            file=path,
            why=error,
        ) from error


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in a JSONL file, oldest first. A missing file has none; a torn or foreign line is passed over."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def write_json(path: Path, value: Any) -> None:
    """The file holds the old value or the new one at any moment, also after a power cut."""
    text = json.dumps(json_safe(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with appearing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def appearing(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary name beside `path`; the file written there becomes `path` at the end, or nothing does.

    Without `durable` a power cut may still tear it, for what can be made again. Raises HumanError: disk full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        if durable:
            sync(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def append_line(path: Path, value: Any) -> None:
    """Appends one JSON line in one write. A line that a killed process left torn is closed off first."""
    line = json.dumps(json_safe(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
    data = line.encode("utf-8", "backslashreplace")  # file names that are not UTF-8
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
    except OSError as error:
        raise disk_error(error, path) from error


@contextlib.contextmanager
def folder_lock(folder: Path, doing: str) -> Iterator[None]:
    """Holds `folder` for one writer, for as long as the process lives: the system frees it after a kill as well.

    `doing` says what holds it ("training"). Raises HumanError when another process holds it.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".earmark.lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise HumanError(
                "{folder} is being written by {holder}. Wait until it ends, stop it, or choose another folder.",
                "folder-busy",
                says="folder-busy",
                folder=folder,
                holder=holder,
            ) from None
        file.truncate(0)
        file.write(f"{doing} (process {os.getpid()} on {platform.node()})\n")
        file.flush()
        yield


def disk_error(error: OSError, path: Path) -> HumanError:
    """The sentence for an OSError at `path`."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HumanError(
            "The disk is full: {file} could not be written. Make room, then start the same command again "
            "(with --resume for a training); what was finished stays.",
            "disk-full",
            says="disk-full",
            file=path,
        )
    return HumanError(
        "{file} could not be written: {why}.",
        "write-failed",
        says="write-failed",
        file=path,
        why=error.strerror or error,
    )


def sync(path: Path) -> None:
    """Waits until the file, or each file below a folder, is on the disk."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())


def json_safe(value: Any) -> Any:
    """NaN and infinities become null (bare NaN is no JSON); paths become text; tuples and arrays become lists."""
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [json_safe(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int)):
        return value
    return json_safe(value.tolist()) if hasattr(value, "tolist") else str(value)


def sha256_file(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def utc_now() -> str:
    """The time in ISO 8601 with Z, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def environment() -> dict[str, Any]:
    """What a later reader must know of the machine: versions, GPUs and the commit of the folder started in."""
    import torch

    versions = {name: _version(name) for name in ("torch", "transformers", "peft", "accelerate")}
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"python": platform.python_version(), **versions, "gpu": gpus, "git": _git_commit()}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
