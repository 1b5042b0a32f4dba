"""Jobs that wait for a GPU, with real processes: who gets it, when it is free again, what killing any of them does."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs import PYTHON, SUPERVISOR, Bench, wait

import job_gpus
from job_directory import create, prepare_root
from job_evidence import NEVER_STARTED_S, look, verdict
from job_processes import start_time
from job_viewer import waiting_words

HOLD = "echo $CUDA_VISIBLE_DEVICES > has.$0; while [ ! -e go.$0 ]; do sleep 0.02; done"
"""Says which GPUs it has and keeps them until it is told to go."""


class Queue(Bench):
    """Jobs that take GPUs, known by one letter each."""

    def job(self, letter: str, gpus: int = 1, **more: object) -> dict:
        return self.spec("", argv=["sh", "-c", HOLD, letter], gpus=gpus, title=letter, **more)

    def holds(self, letter: str) -> bool:
        file = self.folder / f"has.{letter}"
        return file.exists() and file.read_text().endswith("\n")

    def go(self, letter: str) -> None:
        (self.folder / f"go.{letter}").touch()

    def places(self) -> dict[str, int]:
        """Of the jobs that wait for nothing but a GPU, as a probe tells them."""
        seen = self.probe()
        return {one["spec"]["title"]: one["queue"]["place"] for one in seen if one.get("queue", {}).get("ready")}

    def probe(self) -> list[dict]:
        request = json.dumps({"roots": [str(self.root)]}).encode()
        return self.call("probe", payload=request)[0]["jobs"]

    def move(self, spec: dict, *to: str) -> dict:
        return self.call("move", self.root / spec["id"], *to)[0]

    def pid(self, spec: dict, who: str = "supervisor") -> int:
        return json.loads((self.root / spec["id"] / "started.json").read_text())[who]["pid"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that no job of this machine's has a say, and no GPU of it either."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return tmp_path / "home"


@pytest.fixture
def queue(tmp_path: Path, home: Path) -> Iterator[Queue]:
    queue = Queue(tmp_path / "work")
    queue.folder.mkdir()
    yield queue
    queue.end_all()


def pretend_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A machine whose nvidia-smi tells this."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n[ \"$*\" = -L ] && cat <<'END'\n{told}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")


TWO = "GPU 0: NVIDIA H200 (UUID: GPU-aaaa-1)\nGPU 1: NVIDIA H200 (UUID: GPU-bbbb-2)"


def test_a_job_waits_until_the_one_before_it_is_gone(queue: Queue) -> None:
    a, b, c = (queue.job(letter) for letter in "abc")
    assert queue.start(a)["ok"]
    wait(lambda: queue.holds("a"))
    assert [one.get("queue") for one in queue.start(b, c)["jobs"]] == [
        {"place": 1, "ready": True},
        {"place": 2, "ready": True},
    ]
    assert queue.places() == {"b": 1, "c": 2}
    queue.go("a")
    wait(lambda: queue.holds("b"))
    assert queue.places() == {"c": 1}
    assert not queue.holds("c")
    started = json.loads((queue.root / b["id"] / "started.json").read_text())
    assert started["gpus"] == [job_gpus.MACHINE]
    queue.go("b")
    wait(lambda: queue.holds("c"))


def test_what_asks_for_no_gpu_starts_at_once(queue: Queue) -> None:
    queue.start(queue.job("a"))
    wait(lambda: queue.holds("a"))
    for more in ({}, {"gpus": None}):
        assert queue.run(queue.spec("true", **more))["code"] == 0
    assert queue.places() == {}


@pytest.mark.parametrize("gpus", [0, -1, 65, 1.0, True, "1", [1]], ids=str)
def test_a_number_of_gpus_that_is_none_is_refused(queue: Queue, gpus: object) -> None:
    assert queue.start({**queue.spec("true"), "gpus": gpus})["error"] == "bad-spec"


def test_twenty_at_once_run_once_each_one_at_a_time_and_in_order(queue: Queue) -> None:
    script = "mkdir busy || echo overlap >> trouble; echo $0 >> ran; rmdir busy"
    specs = [queue.spec("", argv=["sh", "-c", script, str(number)], gpus=1) for number in range(20)]
    # Its directory first, so that none of those behind finds the queue empty.
    prepare_root(str(queue.root))
    for spec in specs:
        create(str(queue.root), spec, {})
    starts = []
    for spec in random.sample(specs, len(specs)):
        argv = [PYTHON, str(SUPERVISOR), "run", str(queue.root / spec["id"])]
        starts.append(subprocess.Popen(argv))
    assert [start.wait(60) for start in starts] == [0] * 20
    assert (queue.folder / "ran").read_text().split() == [str(number) for number in range(20)]
    assert not (queue.folder / "trouble").exists()


def test_the_person_s_order_goes_before_that_of_coming(queue: Queue) -> None:
    specs = {letter: queue.job(letter) for letter in "abcde"}
    queue.start(specs["a"])
    wait(lambda: queue.holds("a"))
    queue.start(*(specs[letter] for letter in "bcd"))
    for _ in range(2):  # the same wish twice is one
        assert queue.move(specs["d"], "--first")["ok"]
    assert queue.places() == {"d": 1, "b": 2, "c": 3}
    moved = queue.move(specs["b"], "--last")
    assert [one["spec"]["title"] for one in moved["jobs"]] == ["d", "c", "b"]
    queue.start(specs["e"])
    queue.move(specs["b"], "--before", specs["c"]["id"])
    assert queue.places() == {"d": 1, "b": 2, "c": 3, "e": 4}
    assert queue.move(specs["a"], "--first")["error"] == "not-waiting"
    assert queue.move(specs["b"], "--before", specs["a"]["id"])["error"] == "not-waiting"
    assert queue.call("move", queue.folder / "nowhere" / "x", "--first")[0]["error"] == "missing"
    for before, after in ("ad", "db", "bc", "ce"):
        queue.go(before)
        wait(lambda after=after: queue.holds(after))
    assert json.loads((queue.root / "queue.json").read_text())["v"] == 1


HOSTILE = [
    "", "{", "[]", "null", '{"order": 3}', '{"order": {"a": 1}}', '{"order": [null, 3, [], {}, "../../x"]}',
    '{"order": ["01J99999999999999999999999"]}', "[" * 200_000, "\0\xff",
    json.dumps({"order": ["01J99999999999999999999999"] * 1_000_000}),
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: content[:40])
def test_a_queue_file_that_is_wrong_has_no_say(queue: Queue, content: str) -> None:
    a, b, c = (queue.job(letter) for letter in "abc")
    queue.start(a, b, c)
    wait(lambda: queue.holds("a"))
    (queue.root / "queue.json").write_text(content)
    assert queue.places() == {"b": 1, "c": 2}
    queue.move(c, "--first")  # and is put right by the next wish
    assert queue.places() == {"c": 1, "b": 2}


def test_a_queue_file_that_is_a_link_or_a_pipe_is_not_followed(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    os.mkfifo(queue.root / "queue.json")
    assert queue.places() == {"b": 1}
    queue.move(b, "--first")
    assert (queue.root / "queue.json").is_file()


def test_what_waits_for_another_job_lets_others_pass_and_then_waits_its_turn(queue: Queue) -> None:
    a, d = queue.job("a"), queue.job("d")
    b = queue.job("b", after=[{"job": a["id"], "when": "succeeded"}])
    c = queue.job("c")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    queue.start(c, d)
    told = {one["spec"]["title"]: one.get("queue") for one in queue.probe()}
    assert {letter: one["ready"] for letter, one in told.items() if one} == {"b": False, "c": True, "d": True}
    queue.move(b, "--last")
    queue.move(c, "--first")
    queue.go("a")
    wait(lambda: queue.holds("c"))
    assert queue.places() == {"d": 1, "b": 2}  # ready now, at its place
    for before, after in ("cd", "db"):
        queue.go(before)
        wait(lambda after=after: queue.holds(after))


def test_cancelled_before_its_turn_it_never_begins_and_the_others_go_on(queue: Queue) -> None:
    a, b, c = (queue.job(letter) for letter in "abc")
    queue.start(a, b, c)
    wait(lambda: queue.holds("a"))
    queue.call("stop", queue.root / b["id"])
    record = queue.ended(queue.root / b["id"])
    assert (record["why"], record["code"]) == ("stopped", None)
    assert queue.places() == {"c": 1}
    queue.go("a")
    wait(lambda: queue.holds("c"))
    assert not queue.holds("b")


def test_a_waiting_job_whose_supervisor_is_killed_is_lost_and_the_others_go_on(queue: Queue) -> None:
    a, b, c = (queue.job(letter) for letter in "abc")
    queue.start(a, b, c)
    wait(lambda: queue.holds("a"))
    wait(lambda: (queue.root / b["id"] / "heartbeat").exists())
    os.kill(holder_of(queue.root / b["id"] / "lock"), signal.SIGKILL)
    wait(lambda: queue.places() == {"c": 1})
    (lost,) = (one for one in queue.probe() if one["id"] == b["id"])
    assert (verdict(lost), lost["started"]) == ("gone", None)
    queue.go("a")
    wait(lambda: queue.holds("c"))
    assert not queue.holds("b")


def holder_of(lock: Path) -> int:
    """Pid of whoever has the lock, from the kernel's own list."""
    inode = lock.stat().st_ino
    lines = Path("/proc/locks").read_text().splitlines()
    return next(int(line.split()[4]) for line in lines if line.split()[5].endswith(f":{inode}"))


def test_a_gpu_stays_taken_while_the_command_outlives_its_supervisor(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    child = queue.pid(a, "child")
    os.kill(queue.pid(a), signal.SIGKILL)
    wait(lambda: start_time(queue.pid(a)) is None)
    slots = [job_gpus.MACHINE]
    assert job_gpus.take_locks(job_gpus.lock_folder(), slots, 1) == {}
    assert queue.places() == {"b": 1}
    os.kill(child, signal.SIGKILL)
    wait(lambda: queue.holds("b"))


def test_a_gpu_is_free_when_supervisor_and_command_are_killed_together(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    for who in ("supervisor", "child"):
        os.kill(queue.pid(a, who), signal.SIGKILL)
    wait(lambda: queue.holds("b"))


def test_after_a_restart_of_the_machine_nothing_is_taken_and_nothing_runs_by_itself(queue: Queue) -> None:
    """What is left then: files, and nobody who holds them."""
    a, b, c = (queue.job(letter) for letter in "abc")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    child = queue.pid(a, "child")
    for lock in (queue.root / job["id"] / "lock" for job in (b, a)):
        os.kill(holder_of(lock), signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    wait(lambda: start_time(child) is None)
    assert queue.places() == {}
    queue.start(c)
    wait(lambda: queue.holds("c"))
    assert not queue.holds("b")


def test_a_start_that_was_cut_off_after_its_directory_keeps_its_place_for_a_while(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    prepare_root(str(queue.root))
    create(str(queue.root), a, {})
    queue.start(b)
    assert queue.places() == {"a": 1, "b": 2}
    old = (queue.root / a["id"] / "spec.json").stat().st_mtime - NEVER_STARTED_S
    os.utime(queue.root / a["id"] / "spec.json", (old, old))
    wait(lambda: queue.holds("b"))


def test_of_several_gpus_each_job_has_its_own(queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpus(tmp_path, monkeypatch, TWO)
    both, one, two, three = queue.job("w", 2), queue.job("x"), queue.job("y"), queue.job("z", 3)
    queue.start(one, two)
    wait(lambda: queue.holds("x") and queue.holds("y"))
    has = [(queue.folder / f"has.{letter}").read_text() for letter in "xy"]
    assert has == ["GPU-aaaa-1\n", "GPU-bbbb-2\n"]
    queue.start(both)
    queue.go("x")
    queue.ended(queue.root / one["id"])
    behind = queue.job("v")
    queue.start(behind)
    assert queue.places() == {"w": 1, "v": 2}  # one GPU is free: it is kept for the first in the queue
    queue.go("y")
    wait(lambda: queue.holds("w"))
    assert (queue.folder / "has.w").read_text() == "GPU-aaaa-1,GPU-bbbb-2\n"
    queue.call("stop", queue.root / behind["id"])
    record = queue.run(three)
    assert (record["why"], record["text"]) == (
        "not-started",
        "It asks for 3 GPUs, and there are 2 for it here. Start it again with fewer.",
    )


@pytest.mark.parametrize(
    ("told", "visible", "slots"),
    [
        (TWO, None, ["GPU-aaaa-1", "GPU-bbbb-2"]),
        (TWO, "1", ["GPU-bbbb-2"]),
        (TWO, "1, 0", ["GPU-bbbb-2", "GPU-aaaa-1"]),
        (TWO, "GPU-bb", ["GPU-bbbb-2"]),
        (TWO, "0,7,1", ["GPU-aaaa-1"]),
        (TWO, "", ["machine"]),
        (TWO, "NoDevFiles", ["machine"]),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", None, ["machine"]),
        (
            "GPU 0: H100 (UUID: GPU-a)\n  MIG 3g.40gb Device 0: (UUID: MIG-b-1)\n"
            "  MIG 3g.40gb Device 1: (UUID: MIG-c-2)\nGPU 1: H100 (UUID: GPU-d)",
            None,
            ["MIG-b-1", "MIG-c-2", "GPU-d"],
        ),
    ],
)
def test_which_gpus_there_are(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, visible: str | None, slots: list[str]
) -> None:
    pretend_gpus(tmp_path, monkeypatch, told)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert job_gpus.gpu_slots() == slots


def test_an_nvidia_smi_that_hangs_is_not_taken_for_a_machine_without_gpus(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, TWO)
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(job_gpus, "GPU_TIMEOUT_S", 0.1)
    assert job_gpus.gpu_slots() is None


def test_two_work_folders_share_the_gpus_of_the_machine(queue: Queue, tmp_path: Path) -> None:
    other = Queue(tmp_path / "other")
    other.folder.mkdir()
    queue.start(queue.job("a"))
    wait(lambda: queue.holds("a"))
    there = other.job("b")
    other.start(there)
    assert other.places() == {"b": 1}
    queue.go("a")
    wait(lambda: other.holds("b"))
    other.go("b")
    other.ended(other.root / there["id"])


def test_the_folder_of_the_locks_is_private_and_a_foreign_one_is_not_used(queue: Queue, home: Path) -> None:
    queue.start(queue.job("a"))
    wait(lambda: queue.holds("a"))
    folder = home / ".local" / "state" / "earmark" / "gpus"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == [f"{socket.gethostname()}.lock"]
    queue.go("a")
    wait(lambda: queue.probe()[0]["exit"] is not None)
    folder.rename(home / "elsewhere")
    folder.symlink_to(home / "elsewhere")
    record = queue.run(queue.job("b"))
    assert record["why"] == "not-started"
    assert "is a link" in record["text"]


def test_a_job_that_is_deleted_while_it_waits_never_runs(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    queue.start(a, b)
    wait(lambda: queue.holds("a"))
    pid = holder_of(queue.root / b["id"] / "lock")
    (queue.root / b["id"]).rename(queue.folder / "bin")
    wait(lambda: start_time(pid) is None)
    queue.go("a")
    queue.ended(queue.root / a["id"])
    assert not queue.holds("b")


def test_the_view_of_a_waiting_job_says_what_it_waits_for(queue: Queue) -> None:
    a, b = queue.job("a"), queue.job("b")
    c = queue.job("c", after=[{"job": b["id"], "when": "ended"}])
    queue.start(a, b, c)
    wait(lambda: queue.holds("a"))
    words = [waiting_words(look(str(queue.root / job["id"]))) for job in (b, c)]
    assert words == ["Waiting for a free GPU: place 1 in the queue.", "Waiting for the job before it to end."]
