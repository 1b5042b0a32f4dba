"""SIGTERM and Ctrl-C as a request that is met at the next good moment."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType


class StopRequest:
    """`asked` becomes true at the first signal; a second one ends the process as the system does."""

    def __init__(self, first: str = "a checkpoint is saved first") -> None:
        self.number = 0
        self.first = first

    @property
    def asked(self) -> bool:
        return self.number != 0

    @property
    def exit_code(self) -> int:
        return 128 + self.number

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self._hear) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)
        print(f"Stopping: {self.first}. Once more ends at once.", file=sys.stderr, flush=True)
