"""Shows the log of a job in a terminal as it grows. A view: it ends nothing but itself."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time

from job_evidence import look, verdict
from job_files import Json
from job_queue import with_places

VIEW_BYTES = 256 * 1024

ENGLISH = {
    "first": "{title}. Ctrl-C or closing this terminal ends only the view.",
    "earlier": "Earlier output is in {path}.",
    "replaced": "The log was replaced; it goes on from its beginning.",
    "waits-gpu": "Waiting for a free GPU: place {place} in the queue.",
    "waits-job": "Waiting for the job before it to end.",
    "waits-slurm": "Waiting until Slurm starts it.",
    "end-complete": "{title} is complete.",
    "end-exited": "{title} ended with exit code {code}; the lines above say why.",
    "end-signaled": "{title} was killed from outside ({signal}).",
    "end-out-of-memory": "{title} was killed because the machine ran out of memory.",
    "end-stopped": "{title} was stopped on request.",
    "end-terminated": "{title} was ended by the system.",
    "end-skipped": "{title} was not started.",
    "end-not-started": "{title} could not be started.",
    "ended": "{title} ended.",
    "lost": "{title} is lost: its supervisor is gone, and how it ended is not known.",
    "enter": "Enter closes this view.",
    "closed": "View closed.",
    "closed-only": "View closed; the job goes on.",
}
"""What the view says itself. EARMARK_WORDS may have it in another language, as JSON (src/jobs/viewerWords.ts)."""


def attach(directory: str, whole: bool) -> int:
    """Shows the log as it grows. Ends with the job's exit code, 130 on Ctrl-C, 125 when the end is not known."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # both may have been ignored by whoever started this
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    seen = look(directory)
    if seen.get("missing"):
        print(f"There is no such job any more: {directory}", file=sys.stderr)
        return 125
    title = plain(str((seen.get("spec") or {}).get("title", seen["id"])))
    say(word("first", title=title))
    try:
        view = LogView(os.path.join(directory, "out.log"), whole)
    except OSError as error:
        print(f"The log can't be read: {error}", file=sys.stderr)
        return 125
    try:
        waited = None
        while True:
            over = verdict(seen) not in ("alive", "unknown")
            if view.show():
                continue
            if over:
                break
            waits = None if seen["started"] else waiting_words(seen)
            if waits and waits != waited:
                say(waits)
                waited = waits
            time.sleep(0.1)
            seen = look(directory)
        view.finish()
        say(closing_words(title, seen))
        if sys.stdin.isatty():
            say(word("enter"))
            sys.stdin.readline()
    except KeyboardInterrupt:
        say(word("closed" if verdict(seen) == "ended" else "closed-only"))
        return 130
    code = (seen["exit"] or {}).get("code")
    return code if isinstance(code, int) else 125


def waiting_words(seen: Json) -> str | None:
    """What a job that has not begun waits for; None where it is just beginning."""
    queue = with_places([seen])[0].get("queue")
    if queue and queue["ready"]:
        return word("waits-gpu", place=queue["place"])
    if seen["spec"] and seen["spec"].get("after"):
        return word("waits-job")
    return word("waits-slurm") if seen.get("slurm") else None


def closing_words(title: str, seen: Json) -> str:
    ended = seen.get("exit")
    if ended is None:
        return word("lost", title=title)
    code, why, text = ended.get("code"), str(ended.get("why")), ended.get("text")
    name = "end-complete" if (why, code) == ("exited", 0) else f"end-{why}"
    signal_name = plain(str(ended.get("signal")))
    closing = word(name if name in ENGLISH else "ended", title=title, code=code, signal=signal_name)
    # What a script that ended by itself had to say is above, in its log.
    return closing if why == "exited" or not text else f"{closing} {plain(str(text))}"


def word(name: str, **values: object) -> str:
    """One of ENGLISH in the language asked for; in English where there is none, or none that fits."""
    try:
        return plain(json.loads(os.environ["EARMARK_WORDS"])[name].format(**values))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return ENGLISH[name].format(**values)


class LogView:
    """Follows one log file, from near its end, through replacement and truncation."""

    def __init__(self, path: str, whole: bool) -> None:
        import codecs

        self.path = path
        self.fd = -1
        self.rest = ""
        self.line_open = False
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.open()
        if not whole and os.fstat(self.fd).st_size > VIEW_BYTES:
            os.lseek(self.fd, -VIEW_BYTES, os.SEEK_END)
            say(word("earlier", path=path))

    def open(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)

    def show(self) -> bool:
        """Writes what is new, at most a chunk. False when there was nothing."""
        data = os.read(self.fd, 64 * 1024)
        if data:
            shown, self.rest = clean(self.rest + self.decoder.decode(data))
            write_out(shown)
            self.line_open = not shown.endswith("\n") if shown else self.line_open
            return True
        mine = os.fstat(self.fd)
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return False
        if now.st_ino == mine.st_ino and os.lseek(self.fd, 0, os.SEEK_CUR) <= mine.st_size:
            return False
        say(word("replaced"))
        self.open()
        return True

    def finish(self) -> None:
        write_out(plain(self.rest) + "\x1b[0m" + ("\n" if self.line_open else ""))


SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|[ -/]*[0-OQ-WYZ`-~])")
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c]{0,4096}\x1b?|[ -/]*)\Z")
HARMLESS = re.compile(r"\x1b\[(?:[0-9;:]*m|[0-2]?K)")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def clean(text: str) -> tuple[str, str]:
    """Keeps words, colours and bars; drops what moves elsewhere, sets titles, links or the clipboard, or asks back.

    Returns what to show and a last sequence that is not finished yet.
    """
    shown: list[str] = []
    at = 0
    while True:
        escape = text.find("\x1b", at)
        shown.append(plain(text[at:escape] if escape >= 0 else text[at:]))
        if escape < 0:
            return "".join(shown), ""
        match = SEQUENCE.match(text, escape)
        if match:
            shown.append(match.group() if HARMLESS.fullmatch(match.group()) else "")
        elif UNFINISHED.match(text, escape):
            return "".join(shown), text[escape:]
        at = match.end() if match else escape + 1


def plain(text: str) -> str:
    return CONTROL.sub("", text)


def say(text: str) -> None:
    colours = ("\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    write_out(f"{colours[0]}[earmark] {text}{colours[1]}\n")


def write_out(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
