"""results.py as a command, on real files. Standard library only, so that any Python ≥ 3.8 runs it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).resolve().parents[2] / "python" / "results.py"
PYTHON = os.environ.get("EARMARK_SUPERVISOR_PYTHON", sys.executable)


def call(verb: str, request: object) -> bytes:
    argv = [PYTHON, "-I", "-S", "-X", "utf8", str(RESULTS), verb, "--frame", "f00d"]
    payload = request if isinstance(request, bytes) else json.dumps(request).encode()
    done = subprocess.run(argv, input=payload, capture_output=True, timeout=120, check=False)
    assert done.stderr == b""
    begin, end = b"EARMARK-f00d\n", b"END-f00d\n"
    assert done.stdout.startswith(begin), done
    assert done.stdout.endswith(end), done
    return done.stdout[len(begin) : -len(end)]


def listed(folder: Path, **more: object) -> tuple[dict[str, list], dict]:
    """Path → the rest of its row, and the last line."""
    request = {"folder": str(folder), "depth": 6, "exclude": ["node_modules"], "known": None, **more}
    *lines, last = map(json.loads, call("list", request).splitlines())
    rows = {}
    for line in lines:
        for name, *rest in line["files"]:
            rows[f"{line['folder']}/{name}" if line["folder"] else name] = rest
    return rows, last


def asked(folder: Path, path: str, offset: int = 0, **more: object) -> dict:
    facts = os.stat(folder / path)
    version = {"size": facts.st_size, "mtime": str(facts.st_mtime_ns), "inode": facts.st_ino, "grows": False}
    return {"path": path, "offset": offset, **version, **more}


def sent(folder: Path, *files: object) -> list[tuple[dict | None, bytes, dict]]:
    """Header (None where there is none), bytes and last line of each file."""
    rest = call("send", {"folder": str(folder), "files": files})
    answers: list[tuple[dict | None, bytes, dict]] = []
    header, body = None, b""
    while True:
        line, _, rest = rest.partition(b"\n")
        said = json.loads(line)
        if "ok" in said:
            assert rest == b""
            return answers
        if "file" in said:
            header = said
        elif "bytes" in said:
            body, rest = body + rest[: said["bytes"]], rest[said["bytes"] :]
        else:
            answers.append((header, body, said))
            header, body = None, b""


def write(folder: Path, **files: bytes) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    files = {
        "output/run.json": b"{}",
        "output/events.jsonl": b"{}\n" * 3,
        "output/evaluation/base_model/001_a.wav": b"RIFF" * 100_000,
        "output/evaluation/base_model/picture.png": b"png",
        "output/best_model/adapter_model.safetensors": b"w" * 1000,
        "output/best_model/vocabulary": b"beside weights",
        "output/.hidden/run.json": b"{}",
        ".earmark/jobs/x/spec.json": b"{}",
        "node_modules/a/package.json": b"{}",
        "venv/pyvenv.cfg": b"",
        "venv/lib/x.json": b"{}",
        "conda/conda-meta/history.json": b"{}",
    }
    write(tmp_path, **files)
    return tmp_path


def test_list_names_what_a_reader_wants_and_nothing_else(run: Path) -> None:
    rows, last = listed(run)
    assert {path: (row[0], row[-1]) for path, row in rows.items()} == {
        "output/run.json": (2, "data"),
        "output/events.jsonl": (9, "data"),
        "output/evaluation/base_model/001_a.wav": (400_000, "clip"),
        "output/best_model/adapter_model.safetensors": (1000, "weights"),
        "output/best_model/vocabulary": (14, "weights"),
    }
    facts = os.stat(run / "output/run.json")
    assert rows["output/run.json"][1:3] == [str(facts.st_mtime_ns), facts.st_ino]
    assert (last["ok"], last["same"], last["left_out"]) == (True, False, {"files": 0, "names": 0, "folders": 0})
    assert (last["host"], last["folder"]) == (socket.gethostname(), os.path.realpath(run))


def test_list_says_nothing_again_that_is_known(run: Path) -> None:
    _, last = listed(run)
    rows, again = listed(run, known=last["digest"])
    assert (rows, again["same"], again["digest"]) == ({}, True, last["digest"])
    (run / "output/events.jsonl").write_bytes(b"{}\n" * 4)
    rows, changed = listed(run, known=last["digest"])
    assert (len(rows), changed["same"]) == (5, False)


def test_list_goes_three_folders_below_the_deepest_run_and_no_further(tmp_path: Path) -> None:
    write(tmp_path, **{"a/b/c/d/x.json": b"{}", "a/b/c/d/e/x.json": b"{}"})
    assert list(listed(tmp_path, depth=1)[0]) == ["a/b/c/d/x.json"]


def test_list_follows_no_link_and_takes_no_pipe_or_device(run: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, **{"secret.json": b"{}"})
    os.symlink(outside, run / "output/linked")
    os.symlink(outside / "secret.json", run / "output/secret.json")
    os.mkfifo(run / "output/pipe.wav")
    before = set(listed(run)[0])
    assert not [path for path in before if "linked" in path or "secret" in path or "pipe" in path]
    # A link that the person named is the folder they mean.
    os.symlink(run, outside / "here")
    assert set(listed(outside / "here")[0]) == before


def test_list_leaves_names_out_that_would_not_survive_the_way(tmp_path: Path) -> None:
    write(tmp_path, **{"曲 🎵.json": b"{}"})
    for name in (b"a\nb.json", b"\xff.json"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    rows, last = listed(tmp_path)
    assert (list(rows), last["left_out"]["names"]) == (["曲 🎵.json"], 2)


def test_list_takes_a_folder_of_a_million_files_for_a_data_set(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data, **{"first.wav": b""})
    # Links to one file cost no space, and are as many names as a data set has.
    fd = os.open(data, os.O_RDONLY)
    for i in range(20_000):
        os.link("first.wav", f"{i}.wav", src_dir_fd=fd, dst_dir_fd=fd)
    for i in range(80_000):
        os.mkfifo(f"{i}.png", dir_fd=fd)
    os.close(fd)
    write(tmp_path, **{"output/run.json": b"{}", "data/inner/run.json": b"{}"})
    rows, last = listed(tmp_path)
    assert (sorted(rows), last["left_out"]["files"]) == (["data/inner/run.json", "output/run.json"], 20_001)


def test_send_sends_bytes_from_an_offset_and_hashes_the_whole(run: Path) -> None:
    path = "output/evaluation/base_model/001_a.wav"
    whole = (run / path).read_bytes()
    for offset in (0, 1, 262_144, 399_999, 400_000):
        [(header, body, end)] = sent(run, asked(run, path, offset))
        assert header == {"file": 0, "path": path, "size": 400_000, "offset": offset}
        assert body == whole[offset:]
        assert end == {"end": 0, "sha256": hashlib.sha256(whole).hexdigest()}


def test_send_goes_on_after_each_file_that_it_can_not_send(run: Path) -> None:
    good = asked(run, "output/run.json")
    gone = {**good, "path": "output/gone.json"}
    os.mkfifo(run / "output/pipe.wav")
    os.symlink("/etc", run / "output/linked")
    os.symlink("/etc/passwd", run / "output/passwd.json")
    files = {
        "gone": gone,
        "outside": {**good, "path": "../secret.json"},
        "outside ": {**good, "path": "/etc/passwd"},
        "outside  ": {**good, "path": "output/../output/run.json"},
        "link": {**good, "path": "output/linked/passwd"},
        "link ": {**good, "path": "output/passwd.json"},
        "no-file": asked(run, "output/pipe.wav"),
        "no-file ": asked(run, "output"),
        "changed": {**good, "size": 1},
        "changed ": {**good, "inode": 1},
        "changed  ": asked(run, "output/run.json", 3),
        "bad-request": {"path": "output/run.json"},
        "bad-request ": 7,
        "bad-request  ": {**good, "path": 7},
    }
    answers = sent(run, *files.values(), good)
    assert [end.get("error") for _, _, end in answers] == [*(word.strip() for word in files), None]
    assert answers[-1][1] == b"{}"
    assert all(header is None and body == b"" for header, body, _ in answers[:-1])


def test_send_takes_the_listed_part_of_a_file_that_grew_and_only_where_that_is_good_enough(run: Path) -> None:
    path = "output/events.jsonl"
    as_listed, grows = asked(run, path), asked(run, path, grows=True)
    assert sent(run, grows)[0][1] == b"{}\n" * 3
    with open(run / path, "ab") as file:
        file.write(b'{"more": 1}\n')
    [(_, body, end), (_, none, changed)] = sent(run, grows, as_listed)
    assert (body, end["sha256"]) == (b"{}\n" * 3, hashlib.sha256(b"{}\n" * 3).hexdigest())
    assert (none, changed["error"]) == (b"", "changed")
    os.truncate(run / path, 2)
    assert sent(run, grows)[0][2]["error"] == "changed"


def test_send_tells_of_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    write(tmp_path, **{"a.wav": b"x" * size})
    wanted = asked(tmp_path, "a.wav")
    argv = [PYTHON, "-I", "-S", "-X", "utf8", str(RESULTS), "send", "--frame", "f00d"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        sender.stdin.write(json.dumps({"folder": str(tmp_path), "files": [wanted]}).encode())
        sender.stdin.close()
        assert sender.stdout.readline() == b"EARMARK-f00d\n"
        assert json.loads(sender.stdout.readline())["file"] == 0
        # It fills the pipe and waits: whatever happens now, happens while it reads.
        os.truncate(tmp_path / "a.wav", size // 2)
        _, _, end = sender.stdout.read().rpartition(b'{"end"')
    assert end == b': 0, "error": "changed", "text": "It was cut while it was read."}\n{"ok": true}\nEND-f00d\n'


def test_send_ends_quietly_when_nobody_reads(tmp_path: Path) -> None:
    write(tmp_path, **{"a.wav": b"x" * 4_000_000})
    argv = [PYTHON, "-I", "-S", "-X", "utf8", str(RESULTS), "send", "--frame", "f00d"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, **pipes) as sender:
        request = json.dumps({"folder": str(tmp_path), "files": [asked(tmp_path, "a.wav")]}).encode()
        assert sender.stdin is not None
        assert sender.stdout is not None
        sender.stdout.close()
        sender.stdin.write(request)
        sender.stdin.close()
        assert sender.stderr is not None
        said = sender.stderr.read()
        assert (sender.wait(20), said) == (1, b"")


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (b"", "cut"),
        (b'{"folder": "/tmp", "fi', "cut"),
        (b"[" * 200_000, "cut"),
        ([], "bad-request"),
        ({}, "bad-request"),
        ({"folder": "relative"}, "bad-request"),
        ({"folder": "/no/such/folder"}, "no-folder"),
        ({"folder": "/", "depth": "deep", "files": "all"}, "bad-request"),
    ],
    ids=["empty", "torn", "nested", "list", "nothing", "relative", "missing", "types"],
)
@pytest.mark.parametrize("verb", ["list", "send"])
def test_a_bad_request_is_refused_in_a_word_and_a_sentence(verb: str, request_: object, word: str) -> None:
    answer = json.loads(call(verb, request_))
    assert (answer["ok"], answer["error"]) == (False, word)
    assert answer["text"].endswith(".")
