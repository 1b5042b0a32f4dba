"""Files that others may have written, read without harm; own ones, written whole and for their owner alone."""

from __future__ import annotations

import json
import os
import stat
import time

from job_errors import Refused

Json = dict  # of what JSON can hold, by name

MAX_RECORD_BYTES = 64 * 1024


def read_file(path: str, limit: int) -> bytes | None:
    """At most `limit` bytes of a plain file; None when there is none. Goes through no link, waits for no pipe."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(fd, limit) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(fd)


def read_json(path: str, limit: int = MAX_RECORD_BYTES) -> Json | None:
    """The file's object; an empty one when it is there and holds something else; None when it is not there."""
    data = read_file(path, limit)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_file(path: str, content: bytes) -> None:
    with open(path, "wb", opener=private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: str, content: bytes, sync: bool = True) -> None:
    """Readers see the old file or the new one, never a part."""
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "wb", opener=private) as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.rename(new, path)
    except OSError:
        if os.path.lexists(new):
            os.unlink(new)
        raise
    if sync:
        sync_folder(os.path.dirname(path))


def private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(fd)


def make_private(folder: str) -> None:
    """Makes a folder that nobody else may write to, or sees that it is one."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    facts = os.lstat(folder)
    if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_mode & 0o022:
        os.chmod(folder, 0o700)
        facts = os.lstat(folder)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise Refused(
            "unsafe-root",
            f"{folder} belongs to another user, is a link, or others may write to it: they could change what is run. "
            "Remove it, or start from a folder of your own.",
        )


def size_of(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def mtime_of(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return time.time()
