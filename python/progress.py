"""How far an evaluation is: for the person at a terminal, and as events in the run for the editor."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from errors import HumanError
from runfiles import Events, SilentEvents

if TYPE_CHECKING:
    from evaluation_folder import Clip

SECONDS_BETWEEN_EVENTS = 1.0


@contextlib.contextmanager
def refusal_told(outputs: Sequence[tuple[Path | None, Path]]) -> Iterator[None]:
    """Lets the runs know of evaluations that are refused before they begin."""
    try:
        yield
    except HumanError as error:
        for run, output in outputs:
            if run is not None and run.is_dir():
                with contextlib.suppress(HumanError):  # a full disk takes no event either
                    folder = _name(output, run)
                    Events(run).write("evaluation", folder=folder, state="failed", reason=str(error), **error.parts)
        raise


def _name(output: Path, run: Path) -> str:
    return Path(os.path.relpath(output, run)).as_posix()


class Progress:
    """Counts clips as they come. Its methods may be called by several threads."""

    def __init__(
        self,
        run_dir: Path,
        output: Path,
        clips: Sequence[Clip],
        done: Collection[str],
        first: bool,
        made_by_all: Callable[[], int] | None = None,
    ) -> None:
        """`made_by_all` counts the finished clips where several processes make them."""
        from tqdm import tqdm

        self.first, self.made_by_all = first, made_by_all
        self.events: Events = Events(run_dir) if first else SilentEvents(run_dir)
        self.name = _name(output, run_dir)
        self.total = len(clips)
        self.before = sum(clip.fingerprint in done for clip in clips)
        self.new = self.bad = 0
        self.began = self.told = time.monotonic()
        self.lock = threading.Lock()
        self.state = "running"
        every = 0.2 if sys.stderr.isatty() else 2.0  # the log of a job is kept, and viewed on a terminal
        self.bar: Any = tqdm(total=self.total, initial=self.before, unit="clip", disable=not first, mininterval=every)

    def __enter__(self) -> Progress:
        self._tell()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
        if error is not None:
            self.state = "failed"
            with contextlib.suppress(HumanError):  # a full disk takes no event either
                self._tell(reason=str(error), **(error.parts if isinstance(error, HumanError) else {}))
        if not self.first:
            return
        done = self._done()
        print(f"{self.name}: {done} of {self.total} clips are there, {self.bad} failed ({self.state}).", flush=True)

    def made(self, clip: Clip) -> None:
        with self.lock:
            self.new += 1
            self.bar.update()
            self._tell_now_and_then()

    def failed(self, clip: Clip, why: str) -> None:
        with self.lock:
            self.bad += 1
            print(f"{clip.path} failed: {why}.", file=sys.stderr, flush=True)
            self._tell_now_and_then()

    def end(self, state: str) -> None:
        self.state = state
        self._tell()

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self.told >= SECONDS_BETWEEN_EVENTS:
            self._tell()

    def _tell(self, **more: Any) -> None:
        self.told = time.monotonic()
        done = self._done()
        left, new = self.total - done - self.bad, done - self.before
        eta = (self.told - self.began) / new * left if new > 0 and self.state == "running" else None
        self.events.write(
            "evaluation",
            folder=self.name,
            done=done,
            total=self.total,
            failed=self.bad,
            eta_s=None if eta is None else round(eta, 1),
            state=self.state,
            **more,
        )

    def _done(self) -> int:
        return self.made_by_all() if self.made_by_all else self.before + self.new
