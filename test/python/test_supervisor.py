"""supervisor.py as a command, with real processes. Standard library only, so that any Python ≥ 3.8 runs it."""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

SUPERVISOR = Path(__file__).resolve().parents[2] / "python" / "supervisor.py"
PYTHON = os.environ.get("EARMARK_SUPERVISOR_PYTHON", sys.executable)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supervisor", SUPERVISOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


supervisor = load()


class Bench:
    """A work folder, jobs in it, and words for what tests do with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / ".earmark" / "jobs"
        self.made = 0

    def spec(self, script: str, **more: object) -> dict:
        """A job that runs a shell script in the work folder."""
        self.made += 1
        job = "01J0000000000000000000000" + ALPHABET[self.made]
        words = {"v": 1, "id": job, "kind": "command", "title": f"Job {self.made}", "created": "2026-01-01T00:00:00Z"}
        return {**words, "argv": ["sh", "-c", script], "cwd": str(self.folder), **more}

    def call(self, *words: object, payload: bytes = b"") -> tuple[dict, subprocess.CompletedProcess]:
        argv = [PYTHON, "-I", "-S", "-X", "utf8", str(SUPERVISOR), *map(str, words), "--frame", "f00d"]
        done = subprocess.run(argv, input=payload, capture_output=True, timeout=60, check=False)
        begin, body, end, *rest = done.stdout.decode().split("\n")
        assert (begin, end, rest) == ("EARMARK-f00d", "END-f00d", [""]), done
        return json.loads(body), done

    def start(self, *specs: dict, sha256: str | None = None) -> dict:
        payload = json.dumps({"jobs": specs}).encode()
        return self.call(
            "start", self.root, "--sha256", sha256 or hashlib.sha256(payload).hexdigest(), payload=payload
        )[0]

    def started(self, spec: dict) -> Path:
        answer = self.start(spec)
        assert answer["ok"], answer
        return self.root / spec["id"]

    def run(self, spec: dict) -> dict:
        return self.ended(self.started(spec))

    def ended(self, job: Path) -> dict:
        wait(lambda: (job / "exit.json").exists())
        return json.loads((job / "exit.json").read_text())


def wait(done: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    return supervisor.start_time(pid) is not None


def pid_in(file: Path) -> int:
    wait(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for job in bench.root.glob("01J*") if bench.root.exists() else ():
        if runs(job):
            bench.call("stop", job, "--grace", 0)
            wait(lambda job=job: not runs(job))


def runs(job: Path) -> bool:
    seen = supervisor.look(str(job))
    return seen.get("exit") is None and (seen.get("lock") == "held" or seen.get("alive", False))


# ---------------------------------------------------------------- starting


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


def test_what_arrives_cut_starts_nothing(bench: Bench) -> None:
    spec = bench.spec("touch ran")
    whole = json.dumps({"jobs": [spec]}).encode()
    sha256 = hashlib.sha256(whole).hexdigest()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        answer, _ = bench.call("start", bench.root, "--sha256", sha256, payload=whole[:length])
        assert answer["error"] == "cut"
    assert not bench.root.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../x"}, {"id": "01J"}, {"id": None}, {"argv": []}, {"argv": "sh -c x"}, {"argv": ["a\0b"]},
        {"argv": [""]},
        {"cwd": "relative"}, {"cwd": None}, {"env": {"A=B": "x"}}, {"env": {"A": 3}}, {"env": []},
        {"after": [{"job": "../x"}]}, {"after": 3}, {"output": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_description_that_is_wrong_is_refused_by_name(bench: Bench, change: dict) -> None:
    answer = bench.start({**bench.spec("touch ran"), **change})
    assert answer["error"] == "bad-spec"
    assert not bench.root.exists()


def test_a_request_that_is_no_request_is_refused(bench: Bench) -> None:
    for payload in (b"", b"{", b"[]", b'{"jobs":3}', b'{"jobs":[3]}', b"[" * 200_000, b" " * 1_100_000):
        sha256 = hashlib.sha256(payload).hexdigest()
        answer, _ = bench.call("start", bench.root, "--sha256", sha256, payload=payload)
        assert answer["error"] in ("bad-spec", "too-large")


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


def test_the_supervisor_is_a_session_of_its_own_and_holds_no_pipe(bench: Bench) -> None:
    spec = bench.spec("while [ ! -e go ]; do sleep 0.05; done")
    job = bench.started(spec)  # returns although the job runs: nothing of it holds our pipes
    record = json.loads((job / "started.json").read_text())
    pids = [record["supervisor"]["pid"], record["child"]["pid"]]
    assert len({os.getsid(0), *map(os.getsid, pids)}) == 3
    os.killpg(os.getpgid(pids[0]), signal.SIGHUP)
    (bench.folder / "go").touch()
    assert bench.ended(job)["why"] == "exited"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_command_inherits_no_file_but_the_three(bench: Bench) -> None:
    show = "import os; print(sorted(os.listdir('/proc/self/fd')))"
    spec = bench.spec("", argv=[sys.executable, "-c", show])
    bench.run(spec)
    log = (bench.root / spec["id"] / "out.log").read_text()
    assert log == "['0', '1', '2', '3']\n"  # the last is the folder that is being listed


# ---------------------------------------------------------------- running and ending


def test_the_command_gets_its_words_and_environment_exactly(bench: Bench) -> None:
    words = ["", " ", "it's", '"', "\\", "$HOME", "`id`", "a\nb", "-rf", "歌🎸", "\x1b[31m", "x" * 100_000]
    show = "import os, sys, json; json.dump([sys.argv[1:], os.environ['A'], os.getcwd()], open('seen', 'w'))"
    env = {"A": "it's\n$B", "PYTHONPATH": "/nowhere"}
    place = bench.folder / "a b$(touch x)"
    place.mkdir()
    record = bench.run(bench.spec("", argv=[sys.executable, "-c", show, *words], env=env, cwd=str(place)))
    assert record["code"] == 0
    assert json.loads((place / "seen").read_text()) == [words, env["A"], str(place)]


@pytest.mark.parametrize("sign", ["pyvenv.cfg", "conda-meta", None])
def test_programs_of_the_environment_of_its_interpreter_come_first(bench: Bench, sign: str | None) -> None:
    python = bench.folder / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/sh")
    if sign:
        (bench.folder / "env" / sign).mkdir()
    bench.run(bench.spec("", argv=[str(python), "-c", "echo $PATH > path"]))
    first, _, rest = (bench.folder / "path").read_text().strip().partition(":")
    assert (first == str(python.parent)) == (sign is not None)
    assert rest.endswith(os.environ["PATH"].partition(":")[2])


def test_the_editor_s_environment_is_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VSCODE_PID", "ELECTRON_RUN_AS_NODE", "EARMARK_JOB", "KEPT"):
        monkeypatch.setenv(name, "1")
    spec = bench.spec("env")
    bench.run(spec)
    log = (bench.root / spec["id"] / "out.log").read_text().splitlines()
    assert "KEPT=1" in log
    assert f"EARMARK_JOB={spec['id']}" in log
    assert not [line for line in log if line.startswith(("VSCODE", "ELECTRON"))]


@pytest.mark.parametrize(
    ("script", "code", "sign", "why"),
    [
        ("exit 0", 0, None, "exited"),
        ("exit 255", 255, None, "exited"),
        ("exit 137", 137, None, "exited"),
        ("kill -KILL $$", 137, "SIGKILL", "signaled"),
        ("kill -SEGV $$", 139, "SIGSEGV", "signaled"),
        ("kill -TERM $$", 143, "SIGTERM", "signaled"),
    ],
)
def test_exit_codes_and_signals_are_told_apart(
    bench: Bench, script: str, code: int, sign: str | None, why: str
) -> None:
    record = bench.run(bench.spec(script))
    assert (record["code"], record["signal"], record["why"]) == (code, sign, why)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"argv": ["/no/such/program"]}, "The program /no/such/program can't be used: No such file"),
        ({"argv": [str(SUPERVISOR.parent)]}, "Permission denied"),
        ({"cwd": "/no/such/folder"}, "The folder /no/such/folder can't be used: No such file"),
        ({"argv": ["echo", "x" * 140_000]}, "Argument list too long"),
    ],
)
def test_what_cannot_begin_says_why(bench: Bench, change: dict, words: str) -> None:
    record = bench.run(bench.spec("true", **change))
    assert record["why"] == "not-started"
    assert words in record["text"]


def test_stop_lets_the_command_save_before_its_workers_end(bench: Bench) -> None:
    worker = "trap 'echo worker gone early >> log; exit' TERM; echo $$ > worker; while :; do sleep 0.05; done"
    script = f"""
        sh -c '{worker.replace("'", '"')}' & pid=$!
        trap 'kill -0 $pid && echo saved >> log; kill -KILL $pid; exit 0' TERM
        while :; do sleep 0.05; done"""
    job = bench.started(bench.spec(script))
    pid = pid_in(bench.folder / "worker")
    bench.call("stop", job)
    record = bench.ended(job)
    assert (record["why"], record["code"], record["text"]) == ("stopped", 0, None)
    assert (bench.folder / "log").read_text() == "saved\n"
    assert not is_running(pid)


def test_what_does_not_listen_is_killed_with_all_its_workers(bench: Bench) -> None:
    script = """
        trap '' TERM
        setsid sh -c 'trap "" TERM; echo $$ > own_session; while :; do sleep 0.05; done' &
        (setsid sh -c 'trap "" TERM; echo $$ > orphan; while :; do sleep 0.05; done' &)
        while :; do sleep 0.05; done"""
    job = bench.started(bench.spec(script, grace_s=0.2))
    pids = [pid_in(bench.folder / "own_session"), pid_in(bench.folder / "orphan")]
    bench.call("stop", job)
    record = bench.ended(job)
    assert (record["why"], record["signal"]) == ("stopped", "SIGKILL")
    assert "did not end within 0.2 s" in record["text"]
    assert not any(map(is_running, pids))


def test_nothing_outlives_a_command_that_is_killed_or_ends(bench: Bench) -> None:
    leave = "(setsid sh -c 'echo $$ > left; while :; do sleep 0.05; done' &); while [ ! -s left ]; do sleep 0.02; done;"
    for end in ("kill -KILL $$", "exit 0"):
        (bench.folder / "left").unlink(missing_ok=True)
        bench.run(bench.spec(f"{leave} {end}"))
        assert not is_running(pid_in(bench.folder / "left"))


def test_a_worker_without_the_mark_is_found_by_descent(bench: Bench) -> None:
    job = bench.started(
        bench.spec("env -i setsid sh -c 'echo $$ > bare; while :; do sleep 0.05; done' & wait", grace_s=0.2)
    )
    pid = pid_in(bench.folder / "bare")
    bench.call("stop", job)
    bench.ended(job)
    assert not is_running(pid)


def test_a_stop_before_the_beginning_starts_nothing(bench: Bench) -> None:
    first = bench.spec("while [ ! -e go ]; do sleep 0.05; done")
    second = bench.spec("touch ran", after=[{"job": first["id"], "when": "ended"}])
    bench.start(first, second)
    bench.call("stop", bench.root / second["id"])
    assert bench.ended(bench.root / second["id"])["why"] == "stopped"
    assert not (bench.folder / "ran").exists()


def test_terminated_by_the_system_is_told_as_that(bench: Bench) -> None:
    job = bench.started(bench.spec("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"))
    wait(lambda: (job / "out.log").read_text())
    os.kill(json.loads((job / "started.json").read_text())["supervisor"]["pid"], signal.SIGTERM)
    record = bench.ended(job)
    assert (record["why"], record["code"]) == ("terminated", 7)


def test_run_in_the_foreground_ends_with_the_code_of_the_job(bench: Bench) -> None:
    spec = bench.spec("exit 9")
    supervisor.prepare_root(str(bench.root))
    supervisor.create(str(bench.root), spec, {})
    argv = [PYTHON, str(SUPERVISOR), "run", str(bench.root / spec["id"])]
    assert subprocess.run(argv, check=False).returncode == 9
    assert subprocess.run(argv, check=False).returncode == 99  # never twice


# ---------------------------------------------------------------- chains


def test_a_chain_is_skipped_when_the_job_before_is_lost(bench: Bench) -> None:
    first = bench.spec("echo ready; while :; do sleep 0.05; done")
    second = bench.spec("touch ran", after=[{"job": first["id"], "when": "succeeded"}])
    third = bench.spec("touch ran_anyway", after=[{"job": first["id"], "when": "ended"}])
    assert bench.start(first, second, third)["ok"]
    wait(lambda: (bench.root / first["id"] / "out.log").read_text())
    started = json.loads((bench.root / first["id"] / "started.json").read_text())
    os.kill(started["supervisor"]["pid"], signal.SIGKILL)
    os.kill(started["child"]["pid"], signal.SIGKILL)
    assert bench.ended(bench.root / second["id"])["why"] == "skipped"
    assert bench.ended(bench.root / third["id"])["code"] == 0
    assert sorted(path.name for path in bench.folder.glob("ran*")) == ["ran_anyway"]


# ---------------------------------------------------------------- looking


def test_probes_by_the_hundred_disturb_no_start_and_see_no_ghost(bench: Bench) -> None:
    spec = bench.spec("true")
    supervisor.prepare_root(str(bench.root))
    supervisor.create(str(bench.root), spec, {})
    job = bench.root / spec["id"]
    states = {supervisor.lock_state(str(job / "lock")) for _ in range(200)}
    held = os.open(job / "lock", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)  # a probe that is slow to let go
    assert supervisor.lock_state(str(job / "lock")) == "free"
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


def test_a_question_of_another_form_is_refused(bench: Bench) -> None:
    wrong = ["{", "[]", '{"roots":3}', '{"roots":[3]}', '{"tails":[3]}', '{"tails":[{"path":"/x"}]}', "[" * 200_000]
    for payload in map(str.encode, wrong):
        answer, _ = bench.call("probe", payload=payload)
        assert answer["error"] == "bad-request", payload


def test_final_jobs_are_only_named(bench: Bench) -> None:
    spec = bench.spec("true")
    bench.run(spec)
    answer, _ = bench.call("probe", payload=json.dumps({"roots": [str(bench.root)], "final": [spec["id"]]}).encode())
    assert answer["jobs"] == [{"id": spec["id"], "root": str(bench.root)}]


def test_a_pid_that_belongs_to_another_is_not_taken_for_alive() -> None:
    me = {"boot": supervisor.boot_key(), "child": {"pid": os.getpid(), "start": supervisor.start_time(os.getpid())}}
    assert supervisor.is_alive(me)
    assert not supervisor.is_alive({**me, "child": {"pid": os.getpid(), "start": "1"}})
    assert not supervisor.is_alive({**me, "boot": "another"})


def test_without_proc_processes_are_found_through_ps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 30 & wait"], start_new_session=True)
    real = os.path.isdir
    monkeypatch.setattr(supervisor.os.path, "isdir", lambda path: path != "/proc/self" and real(path))
    try:
        wait(lambda: len(supervisor.family(set(), "", child.pid)) == 2)
        assert child.pid in supervisor.family({os.getpid()}, "", -1)
        assert supervisor.start_time(child.pid)
        assert supervisor.start_time(2**22 + 1) is None
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


# ---------------------------------------------------------------- the viewer


class View:
    """attach on a terminal of its own, as a person has it."""

    def __init__(self, job: Path) -> None:
        self.pid, self.terminal = os.forkpty()
        if self.pid == 0:
            os.execv(PYTHON, [PYTHON, str(SUPERVISOR), "attach", str(job)])
        self.seen = b""

    def until(self, text: bytes) -> bytes:
        while text not in self.seen:
            self.seen += os.read(self.terminal, 65536)
        return self.seen

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def close(self) -> None:
        os.close(self.terminal)

    def code(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.close()
        return code


def test_the_view_shows_bars_and_colours_live_and_the_end_stays(bench: Bench) -> None:
    bars = ("printf '\\r 50%%|\\033[32m##  \\033[0m|'", "printf '\\r100%%|####|\\ndone\\n'")
    script = f"{bars[0]}; while [ ! -e go ]; do sleep 0.02; done; {bars[1]}; exit 4"
    job = bench.started(bench.spec(script))
    view = View(job)
    view.until(b"\r 50%|\x1b[32m##  \x1b[0m|")
    (bench.folder / "go").touch()
    assert b"Job 1 ended with exit code 4" in view.until(b"Enter closes this view.")
    view.type(b"\n")
    assert view.code() == 4


def test_ctrl_c_and_closing_end_the_view_only_and_reopening_picks_up(bench: Bench) -> None:
    job = bench.started(bench.spec("echo one; while [ ! -e go ]; do sleep 0.02; done; echo two"))
    view = View(job)
    view.until(b"one")
    view.type(b"\x03")
    view.until(b"the job goes on")
    assert view.code() == 130
    View(job).close()
    assert supervisor.verdict(supervisor.look(str(job))) == "alive"
    view = View(job)
    view.until(b"one")
    (bench.folder / "go").touch()
    view.until(b"two")
    view.until(b"is complete")
    view.type(b"\n")
    assert view.code() == 0


def attach(job: Path, *more: str) -> subprocess.CompletedProcess:
    argv = [PYTHON, str(SUPERVISOR), "attach", str(job), *more]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)


def test_a_long_log_is_shown_from_near_its_end_unless_all_is_asked_for(bench: Bench) -> None:
    spec = bench.spec("i=0; while [ $i -lt 60000 ]; do echo line $i; i=$((i+1)); done")
    bench.run(spec)
    job = bench.root / spec["id"]
    short, whole = attach(job).stdout, attach(job, "--all").stdout
    assert b"line 59999\n" in short
    assert b"line 10\n" not in short
    assert (job / "out.log").read_bytes() in whole


def test_a_log_that_is_replaced_or_cut_is_followed_on(bench: Bench) -> None:
    job = bench.started(bench.spec("echo old; while [ ! -e go ]; do sleep 0.02; done"))
    view = View(job)
    view.until(b"old")
    (job / "out.log").rename(job / "moved.log")
    (job / "out.log").write_text("new file\n")
    view.until(b"new file")
    (job / "out.log").write_text("cut\n")
    view.until(b"cut\r\n")
    assert view.seen.count(b"The log was replaced") == 2
    (bench.folder / "go").touch()
    view.until(b"is complete")
    view.type(b"\n")
    assert view.code() == 0


def test_the_view_of_a_lost_job_says_so(bench: Bench) -> None:
    job = bench.started(bench.spec("echo here; while :; do sleep 0.05; done"))
    started = json.loads((job / "started.json").read_text())
    wait(lambda: (job / "out.log").read_text())
    os.kill(started["supervisor"]["pid"], signal.SIGKILL)
    os.kill(started["child"]["pid"], signal.SIGKILL)
    done = attach(job)
    assert b"how it ended is not known" in done.stdout
    assert done.returncode == 125


HOSTILE = [
    ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
    ("\x1b[K\r 5%", "\x1b[K\r 5%"),
    ("a\x1b[2J\x1b[H\x1b[5Ab", "ab"),
    ("\x1b]0;title\x07x", "x"),
    ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b]52;c;ZXZpbA==\x07x", "x"),
    ("\x1b]633;E;rm\x07\x1b]133;A\x1b\\x", "x"),
    ("\x1bP$q\x22p\x1b\\x", "x"),
    ("\x1b[6n\x1b[c\x1bZ\x1bcx", "x"),
    ("\x07\x08\x00\x7f\x9b31mx", "31mx"),
    ("\x9d52;c;x\x9c", "52;c;x"),
    ("\x1b(0x\x1b=y", "xy"),
    ("[earmark] done", "[earmark] done"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE, ids=[repr(text) for text, _ in HOSTILE])
def test_only_harmless_sequences_reach_the_terminal(text: str, shown: str) -> None:
    assert supervisor.clean(text) == (shown, "")
    pieces, rest = "", ""
    for character in text:  # however it is cut into reads
        piece, rest = supervisor.clean(rest + character)
        pieces += piece
    assert pieces + supervisor.plain(rest) == shown


def test_a_sequence_without_end_does_not_swallow_the_log() -> None:
    text = "\x1b]0;" + "x" * 10_000 + "\nwords\n"
    shown, rest = supervisor.clean(text)
    assert shown.endswith("words\n")
    assert ("\x1b" in shown, rest) == (False, "")


# ---------------------------------------------------------------- disk and log


def test_exit_json_needs_no_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the reserve is there, nothing may be created for exit.json: that is what a full table of files forbids."""
    spec = bench.spec("true")
    supervisor.prepare_root(str(bench.root))
    supervisor.create(str(bench.root), spec, {})
    job = bench.root / spec["id"]
    inode = (job / ".reserve").stat().st_ino
    assert subprocess.run([PYTHON, str(SUPERVISOR), "run", str(job)], check=False).returncode == 0
    assert (job / "exit.json").stat().st_ino == inode
    assert supervisor.disk_refusal(OSError(errno.ENOSPC, "full"), "/w").code == "disk-full"
    assert supervisor.disk_refusal(OSError(errno.EROFS, "ro"), "/w").code == "not-writable"


@pytest.mark.skipif(sys.platform != "linux", reason="holes are punched on Linux only")
def test_a_runaway_log_keeps_its_ends_and_its_offsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_HEAD_BYTES", 64 * 1024)
    monkeypatch.setattr(supervisor, "LOG_TAIL_BYTES", 1024 * 1024)
    log = tmp_path / "out.log"
    before = b"".join(b"line %d\n" % i for i in range(1_000_000))
    log.write_bytes(before)
    supervisor.bound_log(str(log))
    after = log.read_bytes()
    assert len(after) == len(before)
    assert after[: 64 * 1024] == before[: 64 * 1024]
    assert after[-1024 * 1024 :] == before[-1024 * 1024 :]
    assert log.stat().st_blocks * 512 < 2 * 1024 * 1024
    with open(log, "ab") as file:
        file.write(b"goes on\n")
    assert log.read_bytes().endswith(b"goes on\n")


def test_help_is_there_for_every_verb() -> None:
    for verb in ("start", "probe", "stop", "attach", "run"):
        done = subprocess.run([PYTHON, str(SUPERVISOR), verb, "--help"], capture_output=True, check=False)
        assert done.returncode == 0
