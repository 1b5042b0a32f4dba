"""What slurm.py decides without a cluster; what it does on one is in test/faults/slurm.faults.ts."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import slurm_queue
from slurm_request import minutes_of, options, warning_s, wrong_requests

SLURM = Path(__file__).resolve().parents[2] / "python" / "slurm.py"
JOB = "01J00000000000000000000000"


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [
        ("90", 90), ("90:30", 90.5), ("4:00:00", 240), ("1-12", 2160), ("1-12:30", 2190), ("0-0:0:30", 0.5),
        (None, None),
    ],
)  # fmt: skip
def test_time_limits_are_read_as_sbatch_reads_them(limit: str | None, minutes: float | None) -> None:
    assert minutes_of(limit) == minutes


def test_a_job_is_told_its_grace_before_its_time_is_up_and_not_at_its_beginning() -> None:
    assert warning_s({"grace_s": 120}) == 125
    assert warning_s({"grace_s": 120, "slurm": {"time": "1-0"}}) == 125
    for limit in ("1", "3", "5"):  # up to a minute earlier, and still half of the time is the job's
        assert warning_s({"grace_s": 120, "slurm": {"time": limit}}) <= max(1, int(limit) * 30 - 60)
    assert warning_s({"grace_s": "x"}) == 20


def test_what_is_asked_of_slurm_becomes_options_and_nothing_else_does() -> None:
    asked = {
        "gpus": 2,
        "cpus": 8,
        "time": "4:00:00",
        "mem": "32G",
        "account": "lab",
        "extra": ["--qos=long"],
        "x": "--wrap",
    }
    assert list(wrong_requests(asked)) == []
    assert list(options(asked)) == [
        "--gres=gpu:2", "--cpus-per-task=8", "--time=4:00:00", "--mem=32G", "--account=lab", "--qos=long",
    ]  # fmt: skip
    assert list(wrong_requests(None)) == list(options({})) == []
    for wrong in (
        3,
        [],
        {"gpus": True},
        {"gpus": "1"},
        {"time": 3},
        {"extra": "--qos=x"},
        {"extra": [3]},
        {"extra": 3},
    ):
        assert list(wrong_requests(wrong)), wrong


def test_of_several_records_of_one_name_the_living_one_counts_else_the_latest() -> None:
    def record(job: str, state: str) -> dict:
        return slurm_queue.record_of(job, state, "N/A", "NONE", "", "earmark-x", "None")

    living = [record("9", "RUNNING"), record("10", "CANCELLED by 0"), record("11", "FAILED")]
    assert slurm_queue.records(living)["earmark-x"]["id"] == "9"
    assert slurm_queue.records(living[1:])["earmark-x"]["id"] == "11"
    assert living[1]["state"] == "CANCELLED"
    assert (living[0]["start"], living[0]["end"], living[0]["node"], living[0]["reason"]) == (None, None, None, None)


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(stat.S_IRWXU)


def probe(folder: Path) -> dict:
    env = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
    argv = [sys.executable, "-I", "-S", "-X", "utf8", str(SLURM), "probe", "--frame", "f00d"]
    request = json.dumps({"roots": [str(folder)]}).encode()
    done = subprocess.run(argv, input=request, capture_output=True, env=env, timeout=60, check=False)
    begin, body, end, _ = done.stdout.decode().split("\n")
    assert (begin, end) == ("EARMARK-f00d", "END-f00d"), done
    return json.loads(body)["jobs"][0]


def make_job(folder: Path) -> Path:
    job = folder / JOB
    job.mkdir()
    (job / "spec.json").write_text("{}")
    (job / "slurm.json").write_text('{"v": 1, "id": "7"}')
    return job


def test_what_the_queue_forgot_is_in_the_accounting_and_what_both_forget_is_remembered(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    program(tmp_path, "squeue", "exit 0")
    program(tmp_path, "sacct", f"echo '7|CANCELLED by 1000|1000|2000|n1|earmark-{JOB}|None'")
    told = probe(tmp_path)["scheduler"]
    assert (told["state"], told["start"], told["end"], told["node"]) == ("CANCELLED", 1000, 2000, "n1")
    program(tmp_path, "sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    assert probe(tmp_path)["scheduler"] == told
    (job / "scheduler.json").unlink()
    assert probe(tmp_path)["scheduler"]["state"] == "gone"


def test_the_log_tells_why_a_job_came_to_nothing(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    program(tmp_path, "squeue", f"echo '7|FAILED|1000|2000|n1|earmark-{JOB}|NonZeroExitCode'")
    assert probe(tmp_path)["scheduler"]["said"] is None
    (job / "slurm.log").write_text("\n1\n\x1b[31m2\n\n3\nbatch.sh: 2: exec: /gone/python: not found\n")
    told = probe(tmp_path)["scheduler"]
    assert (told["state"], told["said"]) == ("FAILED", "[31m2; 3; batch.sh: 2: exec: /gone/python: not found")
    (job / "slurm.log").write_text("slurmstepd-n1: error: StepId=7.batch exceeded memory limit (9 > 8), being killed\n")
    assert probe(tmp_path)["scheduler"]["state"] == "OUT_OF_MEMORY"
    program(tmp_path, "squeue", "exit 0")
    program(tmp_path, "sacct", "exit 0")
    assert probe(tmp_path)["scheduler"]["state"] == "FAILED", "as it was when Slurm was last asked"
    (job / "slurm.log").write_text("a person wrote: exceeded memory limit" + "x" * 5000)
    program(tmp_path, "squeue", f"echo '7|FAILED|1000|2000|n1|earmark-{JOB}|NonZeroExitCode'")
    told = probe(tmp_path)["scheduler"]
    assert (told["state"], len(told["said"])) == ("FAILED", 600)


def test_no_answer_is_no_word_about_the_job(tmp_path: Path) -> None:
    make_job(tmp_path)
    for script in ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", "exec sleep 60"):
        program(tmp_path, "squeue", script)
        told = probe(tmp_path)["scheduler"]
        assert (told["id"], told["state"]) == ("7", "unreachable")
        assert told["reason"]


def test_hostile_records_in_a_job_directory_do_no_harm(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    program(tmp_path, "squeue", "echo '|||'; echo 'x|y|z|a|b|c|d|e|f'; exit 0")
    program(tmp_path, "sacct", "exit 0")
    for text in ("[]", "{", '{"id": ["--help"]}', "[" * 100_000, '{"state": 3}'):
        (job / "slurm.json").write_text(text)
        (job / "scheduler.json").write_text(text)
        assert "scheduler" in probe(tmp_path)


def test_an_answer_without_end_is_none_and_costs_neither_time_nor_memory(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "squeue", "exec yes '1|RUNNING|0|0|x|y|z'")
    with pytest.raises(slurm_queue.Unreachable, match="more than is believed"):
        slurm_queue.run(["squeue"], 60.0)
    # A script of the site's around it ends with what it started.
    program(tmp_path, "squeue", f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(slurm_queue.Unreachable, match="in time"):
        slurm_queue.run(["squeue"], 1.0)
    state = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split(") ")[1][0] in "ZX"


def test_nothing_is_cancelled_by_its_number_alone(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    for name in ("squeue", "sacct"):
        program(tmp_path, name, "exit 0")
    program(tmp_path, "scancel", f'printf "%s\\n" "$@" >> {tmp_path}/asked')
    argv = [sys.executable, "-I", "-S", "-X", "utf8", str(SLURM), "stop", str(job), "--frame", "f00d"]
    for started in (False, True, True):  # a waiting one, and one that is asked twice
        if started:
            (job / "exit.json").unlink(missing_ok=True)
            (job / "started.json").write_text("{}")
        subprocess.run(argv, env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout=60, check=True)
    asked = (tmp_path / "asked").read_text().split("\n")
    assert asked.count("7") == asked.count(f"--name=earmark-{JOB}") > 1
