"""What a supervisor does beside running the command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import job_holder


@pytest.mark.skipif(sys.platform != "linux", reason="holes are punched on Linux only")
def test_a_runaway_log_keeps_its_ends_and_its_offsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_holder, "LOG_HEAD_BYTES", 64 * 1024)
    monkeypatch.setattr(job_holder, "LOG_TAIL_BYTES", 1024 * 1024)
    log = tmp_path / "out.log"
    before = b"".join(b"line %d\n" % i for i in range(1_000_000))
    log.write_bytes(before)
    job_holder.bound_log(str(log))
    after = log.read_bytes()
    assert len(after) == len(before)
    assert after[: 64 * 1024] == before[: 64 * 1024]
    assert after[-1024 * 1024 :] == before[-1024 * 1024 :]
    assert log.stat().st_blocks * 512 < 2 * 1024 * 1024
    with open(log, "ab") as file:
        file.write(b"goes on\n")
    assert log.read_bytes().endswith(b"goes on\n")
