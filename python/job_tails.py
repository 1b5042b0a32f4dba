"""What files have grown by since somebody read them last."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from job_files import Json

TAIL_BYTES = 256 * 1024
TAILS_BYTES = 1024 * 1024
INODE_MODULUS = 2**53
"""Askers may hold numbers as doubles: an inode is told less what those can't hold."""


def read_tails(wanted: list[Json]) -> Iterator[Json]:
    """What growing files hold beyond `offset`, byte for byte: whole lines, at most 256 KiB a file and 1 MiB in all.

    From the beginning where the file has another `inode` than the asker knows or is shorter than its `offset`. What
    is no plain file at an absolute path is left out.
    """
    import base64

    room = TAILS_BYTES
    for known in filter(lambda tail: os.path.isabs(tail["path"]), wanted):
        try:
            fd = os.open(known["path"], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError):
            continue
        try:
            facts = os.fstat(fd)
            inode, offset = facts.st_ino % INODE_MODULUS, known["offset"]
            if known.get("inode") != inode or not 0 <= offset <= facts.st_size:
                offset = 0
            data = whole_lines(os.pread(fd, min(room, TAIL_BYTES), offset)) if stat.S_ISREG(facts.st_mode) else None
        except OSError:
            continue
        finally:
            os.close(fd)
        if data is None:
            continue
        room -= len(data)
        text = base64.b64encode(data).decode("ascii")
        yield {"path": known["path"], "inode": inode, "size": facts.st_size, "offset": offset, "base64": text}


def whole_lines(data: bytes) -> bytes:
    """Without a last line that has no end yet, unless it is too long to be told in one piece."""
    return data if len(data) == TAIL_BYTES and b"\n" not in data else data[: data.rfind(b"\n") + 1]
