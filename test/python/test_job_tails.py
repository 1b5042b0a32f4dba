"""What a probe tells of files that grow."""

from __future__ import annotations

import base64
import json
import os

from jobs import Bench


def tails(bench: Bench, *wanted: dict) -> list[dict]:
    answer, _ = bench.call("probe", payload=json.dumps({"tails": wanted}).encode())
    return [{**tail, "data": base64.b64decode(tail.pop("base64"))} for tail in answer["tails"]]


def test_what_a_file_grew_by_comes_byte_for_byte_in_whole_lines(bench: Bench) -> None:
    file = bench.folder / "events.jsonl"
    first, torn = "歌\n".encode() + b"\xff\x00\n", b'{"torn'
    file.write_bytes(first + torn)
    (told,) = tails(bench, {"path": str(file), "inode": None, "offset": 0})
    assert (told["offset"], told["data"], told["size"]) == (0, first, len(first + torn))
    known = {"path": str(file), "inode": told["inode"], "offset": len(first)}
    assert tails(bench, known)[0]["data"] == b""
    with open(file, "ab") as growing:
        growing.write(b'"}\n')
    (more,) = tails(bench, known)
    assert (more["offset"], more["data"]) == (len(first), torn + b'"}\n')
    assert tails(bench, {**known, "offset": 10_000})[0]["data"] == first + torn + b'"}\n'  # it was cut
    file.rename(bench.folder / "old")
    file.write_bytes(b"new\n" * 10)
    (new,) = tails(bench, known)
    assert (new["offset"], new["data"]) == (0, b"new\n" * 10)


def test_what_is_told_of_files_is_bounded_and_yet_complete(bench: Bench) -> None:
    lines, endless = b"x" * 999 + b"\n", b"y" * 600_000 + b"\n"
    contents = {"a": lines * 400, "b": endless, "c": lines * 300, "d": lines * 300, "e": lines * 300, "f": lines * 300}
    for name, content in contents.items():
        (bench.folder / name).write_bytes(content)
    seen = dict.fromkeys(contents, b"")
    inodes: dict[str, int] = {}
    for _ in range(9):
        wanted = [{"path": str(bench.folder / n), "inode": inodes.get(n), "offset": len(seen[n])} for n in contents]
        told = tails(bench, *wanted)
        assert max(len(tail["data"]) for tail in told) <= 256 * 1024
        assert sum(len(tail["data"]) for tail in told) <= 1024 * 1024
        for tail in told:
            name = os.path.basename(tail["path"])
            assert tail["offset"] == len(seen[name])
            seen[name] += tail["data"]
            inodes[name] = tail["inode"]
    assert seen == contents


def test_what_is_no_plain_file_is_left_out(bench: Bench) -> None:
    (bench.folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(bench.folder / "pipe")
    paths = [str(bench.folder / name) for name in ("link", "pipe", "", "missing", "nul\0")] + ["relative", "/dev/zero"]
    assert tails(bench, *({"path": path, "inode": None, "offset": 0} for path in paths)) == []
