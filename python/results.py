#!/usr/bin/env python3
"""Lists what runs have written below a folder, and sends files of it, for a window on another machine.

Reads only. Follows no link, opens nothing but plain files, and nothing outside the folder it is told. Whatever wrote
the runs needs to know nothing of this: the listing says what is there, a hash over all that was read what was sent.

Runs on the host with Python's standard library alone (3.8 or newer; Linux, macOS):

    python results.py list < request.json   # {"folder": ABS, "depth": 6, "exclude": [NAME, …], "known": DIGEST or null}
    python results.py send < request.json   # {"folder": ABS, "files": [FILE, …]}
                                            # FILE: {"path", "offset", "size", "mtime", "inode", "grows"}

Both print lines of JSON between two lines that carry the --frame word, so that what a login shell prints around them
does no harm. `list` prints

    {"folder": "run/evaluation", "files": [[name, bytes, "mtime in ns", inode, "data" | "clip" | "weights"], …]}

for each folder that has any, the shallow ones first, then one line with "ok", a "digest" of all of it, and "now" by the
host's clock, and whose files these are: "host" as the machine calls itself, "folder" with links resolved; only that
line when the digest is the one that is known. `send` prints for each file

    {"file": index, "path", "size", "offset"}
    {"bytes": n}     and n bytes as they are, from the offset on, as often as it takes
    {"end": index, "sha256" of all of the file's first `size` bytes}  or  {"end": index, "error": word, "text"}

A file is sent as it was listed or not at all: one that changed is told as "changed". Only of a file that "grows" are
the first `size` bytes good enough. Numbers that JavaScript would round (mtime, inode) are text.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

Json = dict  # of what JSON can hold, by name

DATA = (".json", ".jsonl", ".yaml", ".yml", ".txt", ".md", ".csv")
CLIPS = (".wav",)
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".npz", ".pkl", ".th")
BELOW_A_RUN = 3
"""A run as deep as runs are looked for has its evaluations, their models and their clips below it."""
MOST_FILES = 100_000
MOST_IN_FOLDER = 10_000
"""A folder with more is a data set; its own folders are still looked into."""
FILES_A_LINE = 500
MAX_REQUEST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
INODE_MODULUS = 2**53
UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""In names: control characters, and bytes that are no UTF-8. They would not survive the way."""


class Refused(Exception):
    """Not done, and why: a stable word for programs, a sentence for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


# ---------------------------------------------------------------- list


def command_list(request: Json) -> Iterator[Json]:
    folder, depth, exclude = folder_of(request), request.get("depth", 6), request.get("exclude", [])
    if not isinstance(depth, int) or not isinstance(exclude, list):
        raise Refused("bad-request", "The request must give a depth in folders and a list of names to exclude.")
    left_out = {"files": 0, "names": 0, "folders": 0}
    lines, digest = [], hashlib.sha256()
    for line in listing(folder, depth + BELOW_A_RUN, {str(name) for name in exclude}, left_out):
        digest.update(json.dumps(line).encode())
        lines.append(line)
    digest.update(json.dumps(left_out).encode())
    same = digest.hexdigest() == request.get("known")
    yield from () if same else lines
    facts = {"digest": digest.hexdigest(), "now": str(time.time_ns()), "host": socket.gethostname(), "folder": folder}
    yield {"ok": True, "same": same, **facts, "left_out": left_out}


def listing(top: str, depth: int, exclude: set[str], left_out: Json) -> Iterator[Json]:
    """Level by level, in the order of names: a cut at `MOST_FILES` costs the deepest and is the same each time."""
    count, level = 0, [""]
    for _ in range(depth + 1):
        below: list[str] = []
        for path in level:
            files, folders = look(os.path.join(top, path), left_out)
            left_out["files"] += max(0, count + len(files) - MOST_FILES)
            files = files[: MOST_FILES - count]
            count += len(files)
            for start in range(0, len(files), FILES_A_LINE):
                yield {"folder": path, "files": files[start : start + FILES_A_LINE]}
            below += [f"{path}/{name}" if path else name for name in folders if name not in exclude]
        level = below


def look(folder: str, left_out: Json) -> tuple[list[list], list[str]]:
    """Rows of a folder's files, and names of its folders, both sorted; without hidden ones and virtual environments."""
    found: list[os.DirEntry] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name in ("pyvenv.cfg", "conda-meta"):
                    return [], []
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                elif entry.is_file(follow_symlinks=False):
                    found.append(entry)
    except OSError:
        left_out["folders"] += 1
        return [], []
    kinds = {entry.name: kind_of(entry.name) for entry in found}
    if "weights" in kinds.values():  # what lies beside weights (a vocabulary, a state) belongs to the checkpoint
        kinds = {name: kind or "weights" for name, kind in kinds.items()}
    wanted = [entry for entry in found if kinds[entry.name]]
    fit = [entry for entry in wanted if not UNFIT.search(entry.name)]
    left_out["names"] += len(wanted) - len(fit) + sum(1 for name in folders if UNFIT.search(name))
    folders = sorted(name for name in folders if not UNFIT.search(name))
    if len(fit) > MOST_IN_FOLDER:
        left_out["files"] += len(fit)
        return [], folders
    rows = []
    for entry in sorted(fit, key=lambda entry: entry.name):
        try:
            facts = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone since
        if stat.S_ISREG(facts.st_mode):
            version = [facts.st_size, str(facts.st_mtime_ns), facts.st_ino % INODE_MODULUS]
            rows.append([entry.name, *version, kinds[entry.name]])
    return rows, folders


def kind_of(name: str) -> str | None:
    endings = {"data": DATA, "clip": CLIPS, "weights": WEIGHTS}
    return next((kind for kind, ends in endings.items() if name.lower().endswith(ends)), None)


# ---------------------------------------------------------------- send


def command_send(request: Json, out: BinaryIO) -> None:
    folder, files = folder_of(request), request.get("files")
    if not isinstance(files, list):
        raise Refused("bad-request", 'The request is not of the form {"folder": …, "files": [{…}, …]}.')
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for index, wanted in enumerate(files):
        try:
            end = send(top, index, wanted, out)
        except Refused as refusal:
            end = {"error": refusal.code, "text": str(refusal)}
        except BrokenPipeError:
            raise
        except OSError as error:
            word = "gone" if error.errno == errno.ENOENT else "unreadable"
            end = {"error": word, "text": error.strerror or str(error)}
        except (KeyError, TypeError, ValueError, AttributeError):
            end = {"error": "bad-request", "text": "The request for this file is not as expected."}
        write(out, {"end": index, **end})


def send(top: int, index: int, wanted: Json, out: BinaryIO) -> Json:
    """Hashes the first `size` bytes and sends those from `offset` on; returns what the file's last line says."""
    size, offset = int(wanted["size"]), int(wanted["offset"])
    fd = open_below(top, wanted["path"])
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise Refused("no-file", "It is no plain file.")
        if not 0 <= offset <= size or not is_as_listed(before, wanted):
            raise Refused("changed", "It is not the file that was listed any more.")
        write(out, {"file": index, "path": wanted["path"], "size": size, "offset": offset})
        sha256, at = hashlib.sha256(), 0
        while at < size:
            data = os.read(fd, min(CHUNK_BYTES, size - at))
            if not data:
                raise Refused("changed", "It was cut while it was read.")
            sha256.update(data)
            rest = data[max(0, offset - at) :]
            at += len(data)
            if rest:
                write(out, {"bytes": len(rest)})
                out.write(rest)
        if not is_as_listed(os.fstat(fd), wanted):
            raise Refused("changed", "It changed while it was read.")
        return {"sha256": sha256.hexdigest()}
    finally:
        os.close(fd)


def is_as_listed(facts: os.stat_result, wanted: Json) -> bool:
    if facts.st_ino % INODE_MODULUS != wanted["inode"]:
        return False
    if wanted.get("grows") is True:
        return facts.st_size >= int(wanted["size"])
    return facts.st_size == int(wanted["size"]) and str(facts.st_mtime_ns) == wanted["mtime"]


def open_below(top: int, path: str) -> int:
    """Opens name by name, each without following links: nothing on the way can lead out, whenever it is put there."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise Refused("outside", "Its path does not lie inside the folder.")
    folder = os.dup(top)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Without waiting: a pipe of that name would hold everything up.
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Refused("link", "A link is on the way there or in its place, and links are not followed.") from error
        raise
    finally:
        os.close(folder)


# ---------------------------------------------------------------- request and answer


def read_request() -> Json:
    data = sys.stdin.buffer.read(MAX_REQUEST_BYTES + 1)
    try:
        request = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused("cut", "The request arrived incomplete; send it again.") from error
    if not isinstance(request, dict):
        raise Refused("bad-request", "The request is not a JSON object.")
    return request


def folder_of(request: Json) -> str:
    """The folder that everything has to lie in. It may itself be reached by a link: a person named it."""
    folder = request.get("folder")
    if not isinstance(folder, str) or not os.path.isabs(folder) or "\0" in folder:
        raise Refused("bad-request", "The request must name a folder by its absolute path.")
    real = os.path.realpath(folder)
    if not os.path.isdir(real):
        raise Refused("no-folder", f"{folder} is not there, or is no folder.")
    return real


def write(out: BinaryIO, value: Json) -> None:
    out.write(json.dumps(value).encode() + b"\n")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("list", "send"):
        verbs.add_parser(verb).add_argument("--frame", default="", help="word that the answer is put between")
    return parser


def main(args: argparse.Namespace) -> int:
    out = sys.stdout.buffer
    try:
        out.write(f"EARMARK-{args.frame}\n".encode())
        ok = answer(args.verb, out)
        out.write(f"END-{args.frame}\n".encode())
        out.flush()
    except BrokenPipeError:  # whoever asked has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if ok else 1


def answer(verb: str, out: BinaryIO) -> bool:
    try:
        request = read_request()
        if verb == "list":
            for line in command_list(request):
                write(out, line)
        else:
            command_send(request, out)
            write(out, {"ok": True})
        return True
    except Refused as refusal:
        write(out, {"ok": False, "error": refusal.code, "text": str(refusal)})
    except BrokenPipeError:
        raise
    except OSError as error:
        write(out, {"ok": False, "error": "disk", "text": f"The folder can't be read: {error.strerror or error}."})
    return False


if __name__ == "__main__":
    sys.exit(main(make_parser().parse_args()))
