"""Job directories: made once, for their owner alone, with room kept for how the job ends."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess

from jobs import PYTHON, SUPERVISOR, Bench

from job_directory import create, prepare_root
from job_errors import disk_refusal


def test_the_same_id_twice_is_one_run(bench: Bench) -> None:
    spec = bench.spec("echo run >> ran; exit 5")
    exit_record = bench.run(spec)
    for _ in range(3):
        assert bench.start(spec)["ok"]
    assert (bench.folder / "ran").read_text() == "run\n"
    assert bench.ended(bench.root / spec["id"]) == exit_record


def test_twenty_at_once_are_one_run(bench: Bench) -> None:
    spec = bench.spec("echo run >> ran")
    payload = json.dumps({"jobs": [spec]}).encode()
    argv = [
        PYTHON,
        "-I",
        "-S",
        str(SUPERVISOR),
        "start",
        str(bench.root),
        "--sha256",
        hashlib.sha256(payload).hexdigest(),
    ]
    starts = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(20)]
    for start in starts:
        start.stdin.write(payload)
        start.stdin.close()
    assert [start.wait(60) for start in starts] == [0] * 20
    for start in starts:
        start.stdout.close()
    bench.ended(bench.root / spec["id"])
    assert (bench.folder / "ran").read_text() == "run\n"


def test_another_job_under_the_same_id_is_refused(bench: Bench) -> None:
    spec = bench.spec("true")
    bench.run(spec)
    assert bench.start({**spec, "title": "other"})["error"] == "other-content"


def test_files_are_for_their_owner_only_and_git_is_told(bench: Bench) -> None:
    job = bench.started(bench.spec("true"))
    bench.ended(job)
    everything = [bench.root, job, *job.iterdir()]
    assert [path for path in everything if path.stat().st_mode & 0o077] == []
    assert (bench.root / ".gitignore").read_text() == "*\n"


def test_what_the_command_writes_has_the_rights_that_a_shell_gives(bench: Bench) -> None:
    bench.run(bench.spec("touch file"))
    plain = bench.folder / "plain"
    plain.touch()
    assert (bench.folder / "file").stat().st_mode == plain.stat().st_mode


def test_a_root_that_others_may_write_is_closed_and_a_foreign_one_refused(bench: Bench) -> None:
    bench.root.mkdir(parents=True)
    bench.root.chmod(0o777)
    bench.run(bench.spec("true"))
    assert bench.root.stat().st_mode & 0o777 == 0o700
    elsewhere = bench.folder / "elsewhere"
    elsewhere.mkdir()
    bench.root.rename(bench.folder / "old")
    bench.root.symlink_to(elsewhere)
    assert bench.start(bench.spec("true"))["error"] == "unsafe-root"
    bench.root.unlink()
    if os.geteuid() == 0:
        bench.root.mkdir()
        os.chown(bench.root, 12345, 12345)
        assert bench.start(bench.spec("true"))["error"] == "unsafe-root"


def test_two_jobs_do_not_write_one_folder_unless_one_waits(bench: Bench) -> None:
    output = str(bench.folder / "out")
    first = bench.spec("while [ ! -e go ]; do sleep 0.05; done", output=output)
    bench.started(first)
    refused = bench.start(bench.spec("true", output=output + "/../out"))
    assert refused["error"] == "output-busy"
    assert "“Job 1”" in refused["text"]
    waiting = bench.spec("true", output=output, after=[{"job": first["id"], "when": "succeeded"}])
    job = bench.started(waiting)
    (bench.folder / "go").touch()
    assert bench.ended(job)["code"] == 0
    assert bench.start(bench.spec("true", output=output))["ok"]


def test_left_overs_of_a_killed_start_are_cleared(bench: Bench) -> None:
    bench.root.mkdir(parents=True, mode=0o700)
    (bench.root / ".new.abc").mkdir()
    (bench.root / ".new.abc" / "spec.json").write_text("{")
    bench.run(bench.spec("true"))
    assert [name for name in os.listdir(bench.root) if name.startswith(".new")] == []


def test_exit_json_needs_no_room(bench: Bench) -> None:
    """Once the reserve is there, nothing may be created for exit.json: that is what a full table of files forbids."""
    spec = bench.spec("true")
    prepare_root(str(bench.root))
    create(str(bench.root), spec, {})
    job = bench.root / spec["id"]
    inode = (job / ".reserve").stat().st_ino
    assert subprocess.run([PYTHON, str(SUPERVISOR), "run", str(job)], check=False).returncode == 0
    assert (job / "exit.json").stat().st_ino == inode
    assert disk_refusal(OSError(errno.ENOSPC, "full"), "/w").code == "disk-full"
    assert disk_refusal(OSError(errno.EROFS, "ro"), "/w").code == "not-writable"
