"""Looking at jobs: it disturbs nothing, and no file does it harm."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from jobs import PYTHON, SUPERVISOR, Bench

from job_directory import create, prepare_root
from job_evidence import lock_state


def test_probes_by_the_hundred_disturb_no_start_and_see_no_ghost(bench: Bench) -> None:
    spec = bench.spec("true")
    prepare_root(str(bench.root))
    create(str(bench.root), spec, {})
    job = bench.root / spec["id"]
    states = {lock_state(str(job / "lock")) for _ in range(200)}
    held = os.open(job / "lock", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)  # a probe that is slow to let go
    assert lock_state(str(job / "lock")) == "free"
    run = subprocess.Popen([PYTHON, str(SUPERVISOR), "run", str(job)])
    time.sleep(0.3)
    os.close(held)
    assert (states, run.wait(20)) == ({"free"}, 0)


def test_hostile_files_in_a_job_directory_are_looked_at_without_harm(bench: Bench) -> None:
    names = ("spec.json", "exit.json", "started.json", "stop.json", "lock", "heartbeat", "out.log")
    makers: list[Callable[[Path], object]] = [
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.mkdir(),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"child":{"pid":"1","start":3},"boot":[]}'),
        lambda path: path.write_bytes(b"\xff\x00" * 1000),
    ]
    for number, make in enumerate(makers):
        job = bench.root / ("01J1111111111111111111111" + str(number))
        job.mkdir(parents=True)
        for name in names:
            make(job / name)
    (bench.root / ("01J2" + "0" * 22)).symlink_to(bench.folder)
    (bench.root / "notes.txt").write_text("no job")
    answer, _ = bench.call("probe", payload=json.dumps({"roots": [str(bench.root), "/no/such"]}).encode())
    assert len(answer["jobs"]) == len(makers) + 1
    assert "root:" not in json.dumps(answer)  # /etc/passwd


def test_final_jobs_are_only_named(bench: Bench) -> None:
    spec = bench.spec("true")
    bench.run(spec)
    answer, _ = bench.call("probe", payload=json.dumps({"roots": [str(bench.root)], "final": [spec["id"]]}).encode())
    assert answer["jobs"] == [{"id": spec["id"], "root": str(bench.root)}]


def test_a_question_of_another_form_is_refused(bench: Bench) -> None:
    wrong = ["{", "[]", '{"roots":3}', '{"roots":[3]}', '{"tails":[3]}', '{"tails":[{"path":"/x"}]}', "[" * 200_000]
    for payload in map(str.encode, wrong):
        answer, _ = bench.call("probe", payload=payload)
        assert answer["error"] == "bad-request", payload
