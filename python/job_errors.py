"""Why something is not done: a word for programs, a sentence for people."""

from __future__ import annotations

import errno


class Refused(Exception):
    """Not done, and why: a stable word for programs, a sentence for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def disk_refusal(error: OSError, path: str) -> Refused:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused("disk-full", f"The disk (or its table of files) of {path} is full. Free some space first.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Refused("not-writable", f"{path} may not be written to. Change its permissions or take another folder.")
    if error.errno in (errno.ENOLCK, errno.ENOTSUP):
        return Refused("no-locks", f"The file system of {path} has no file locks. Start from a folder on a local disk.")
    return Refused("disk", f"{path} can't be used: {error.strerror or error}.")
