"""Descriptions of jobs that are cut or wrong: refused, and nothing is made."""

from __future__ import annotations

import hashlib
import json

import pytest
from jobs import Bench


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
