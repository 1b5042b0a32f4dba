"""Jobs from their beginning to their end, run by supervisor.py with real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PYTHON_FOLDER
from jobs import PYTHON, SUPERVISOR, Bench, is_running, pid_in, wait

import supervisor
from errors import HumanError, leave_word
from job_directory import create, prepare_root


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


def test_the_last_word_of_a_script_that_refuses_is_kept(bench: Bench) -> None:
    said = {"text": "There is no such model.", "says": "model-folder-missing", "values": {"folder": "/m"}}
    leave = "printf %s '{}' >\"$EARMARK_JOB_DIR/refusal.json\"; exit {}"
    record = bench.run(bench.spec(leave.format(json.dumps(said), 2)))
    assert {name: record[name] for name in said} == said
    assert bench.run(bench.spec(leave.format(json.dumps(said), 3)))["text"] is None
    for odd in ('{"text": ["x"], "says": 3, "values": 4}', "[]", '{"text": "' + "x" * 9000 + '"}'):
        record = bench.run(bench.spec(leave.format(odd, 2)))
        assert record["text"] is None
        assert "says" not in record


def test_a_script_leaves_its_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def word(error: HumanError) -> dict:
        leave_word(error)
        return json.loads((tmp_path / "refusal.json").read_bytes())

    leave_word(HumanError("No job."))
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("EARMARK_JOB_DIR", str(tmp_path))
    assert word(HumanError("No {what}.", says="no", what="model")) == {
        "text": "No model.", "says": "no", "values": {"what": "model"}
    }  # fmt: skip
    assert word(HumanError("x" * 9000)) == {"text": "x" * 400}
    monkeypatch.setenv("EARMARK_JOB_DIR", str(tmp_path / "gone"))
    leave_word(HumanError("Nobody to tell."))


def test_a_training_that_is_refused_says_why_in_its_end(bench: Bench) -> None:
    argv = [sys.executable, str(PYTHON_FOLDER / "train_lora.py"), "--model_path", "/gone", "--data_dir", "/gone"]
    record = bench.run(bench.spec("", argv=[*argv, "--output_dir", str(bench.folder / "run")]))
    assert (record["code"], record["says"]) == (2, "model-folder-missing")
    assert record["values"]["folder"] == "/gone"


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


def test_terminated_by_the_system_is_told_as_that(bench: Bench) -> None:
    job = bench.started(bench.spec("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"))
    wait(lambda: (job / "out.log").read_text())
    os.kill(json.loads((job / "started.json").read_text())["supervisor"]["pid"], signal.SIGTERM)
    record = bench.ended(job)
    assert (record["why"], record["code"]) == ("terminated", 7)


def test_run_in_the_foreground_ends_with_the_code_of_the_job(bench: Bench) -> None:
    spec = bench.spec("exit 9")
    prepare_root(str(bench.root))
    create(str(bench.root), spec, {})
    argv = [PYTHON, str(SUPERVISOR), "run", str(bench.root / spec["id"])]
    assert subprocess.run(argv, check=False).returncode == 9
    assert subprocess.run(argv, check=False).returncode == 99  # never twice


def test_help_is_there_for_every_verb() -> None:
    for verb in ("start", "probe", "stop", "attach", "run"):
        done = subprocess.run([PYTHON, str(SUPERVISOR), verb, "--help"], capture_output=True, check=False)
        assert done.returncode == 0


def copy_of_the_scripts(folder: Path) -> Path:
    folder.mkdir()
    for script in PYTHON_FOLDER.glob("*.py"):
        shutil.copy(script, folder)
    return folder


def test_once_started_a_job_needs_the_scripts_no_more(bench: Bench) -> None:
    scripts = copy_of_the_scripts(bench.folder / "scripts")
    bench.supervisor = scripts / "supervisor.py"
    first = bench.spec("while [ ! -e go ]; do sleep 0.05; done")
    second = bench.spec("exit 3", after=[{"job": first["id"], "when": "succeeded"}])
    assert bench.start(first, second)["ok"]
    shutil.rmtree(scripts)
    bench.supervisor = SUPERVISOR
    (bench.folder / "go").touch()
    assert [bench.ended(bench.root / job["id"])["code"] for job in (first, second)] == [0, 3]


@pytest.mark.parametrize("name", ["supervisor.py", "slurm.py"])
def test_no_bytecode_is_left_beside_the_scripts(tmp_path: Path, name: str) -> None:
    """On a full disk it would be half a file, and Python does not start with that."""
    scripts = copy_of_the_scripts(tmp_path / "scripts")
    argv = [PYTHON, "-I", "-S", "-X", "utf8", str(scripts / name), "probe"]
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert [path.name for path in scripts.iterdir() if path.suffix != ".py"] == []


def test_each_module_imports_only_those_that_the_list_has_above_it() -> None:
    modules = re.findall(r"^    (job_\w+)  ", supervisor.__doc__ or "", re.MULTILINE)
    assert sorted(modules) == sorted(path.stem for path in PYTHON_FOLDER.glob("job_*.py"))
    for at, module in enumerate(modules):
        text = (PYTHON_FOLDER / f"{module}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) (job_\w+|supervisor)\b", text, re.MULTILINE)
        assert set(imported) <= set(modules[:at]), module
