"""attach, on terminals of its own: what it shows, what it keeps from them, and that it ends nothing but itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import PYTHON_FOLDER
from jobs import PYTHON, SUPERVISOR, Bench, wait

from job_evidence import look, verdict
from job_viewer import ENGLISH, clean, closing_words, plain, word


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
    assert verdict(look(str(job))) == "alive"
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


def test_it_speaks_the_language_that_it_is_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job = bench.started(bench.spec("echo {title}; exit 4"))
    words = {"first": "{title}：只是视图。", "end-exited": "{title}：退出码 {code}。"}
    monkeypatch.setenv("EARMARK_WORDS", json.dumps(words, ensure_ascii=False))
    done = attach(job)
    shown = done.stdout.decode("utf-8").replace("\x1b[0m", "").splitlines()
    assert (shown, done.returncode) == (["[earmark] Job 1：只是视图。", "{title}", "[earmark] Job 1：退出码 4。"], 4)


@pytest.mark.parametrize(
    "words",
    ["", "no json", "[" * 100_000, "[]", "7", '{"first": 7}', '{"first": "{nothing}"}', '{"first": "{title.secret}"}',
     '{"first": "{"}', '{"first": "{0}"}', '{"last": "x"}'],
    ids=lambda words: words[:20],
)  # fmt: skip
def test_words_that_are_none_are_passed_over(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_WORDS", words)
    assert word("first", title="{title}") == "{title}. Ctrl-C or closing this terminal ends only the view."


def test_words_move_nothing_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_WORDS", json.dumps({"enter": "\x1b[2J\x07x"}))
    assert word("enter") == "[2Jx"


def test_the_editor_has_each_word_with_the_same_values() -> None:
    text = (PYTHON_FOLDER.parent / "src/jobs/viewerWords.ts").read_text("utf-8").replace("TITLE", "'{title}'")
    names = re.findall(r"^    '?([a-z-]+)'?: l10n\.t\((.+)\),$", text, re.MULTILINE)
    given = {name: set(re.findall(r"'\{([a-z]+)\}'", call)) for name, call in names}
    assert given == {name: set(re.findall(r"\{([a-z]+)\}", text)) for name, text in ENGLISH.items()}


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (None, "Tune is lost: its supervisor is gone, and how it ended is not known."),
        ({"why": "exited", "code": 0}, "Tune is complete."),
        ({"why": "exited", "code": 2}, "Tune ended with exit code 2; the lines above say why."),
        ({"why": "signaled", "signal": "SIGKILL"}, "Tune was killed from outside (SIGKILL)."),
        ({"why": "skipped", "text": "For \x1bthis."}, "Tune was not started. For this."),
        ({"why": "eaten"}, "Tune ended."),
        ({}, "Tune ended."),
    ],
)
def test_how_a_job_ended_in_a_sentence(ended: dict[str, Any] | None, said: str) -> None:
    assert closing_words("Tune", {"exit": ended}) == said


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
    assert clean(text) == (shown, "")
    pieces, rest = "", ""
    for character in text:  # however it is cut into reads
        piece, rest = clean(rest + character)
        pieces += piece
    assert pieces + plain(rest) == shown


def test_a_sequence_without_end_does_not_swallow_the_log() -> None:
    text = "\x1b]0;" + "x" * 10_000 + "\nwords\n"
    shown, rest = clean(text)
    assert shown.endswith("words\n")
    assert ("\x1b" in shown, rest) == (False, "")
