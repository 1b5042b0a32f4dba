"""Errors that a person can act on, and the one place where a script turns them into words and an exit code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Callable

MOST_WORD_BYTES = 2500
"""What exit.json has room for on a full disk, less its own."""
SHORTENED = 400


class HumanError(Exception):
    """Fit to show as it is: a plain sentence that names the next step. `code` is for programs.

    `says` names the sentence. Then `text` is a template for str.format and `values` are what it is made of, so that an
    editor can say it in words of its own (src/files/scriptErrors.ts); `words` are what only the English needs besides.
    """

    def __init__(
        self,
        text: str,
        code: str = "input",
        *,
        says: str = "",
        words: Mapping[str, object] | None = None,
        **values: object,
    ) -> None:
        self.code, self.says = code, says
        self.values = {name: plain(value) for name, value in values.items()}
        super().__init__(text.format(**self.values, **(words or {})) if says else text)

    @property
    def parts(self) -> dict[str, Any]:
        """What a record has beside the sentence; empty where it has no name."""
        return {"says": self.says, "values": self.values} if self.says else {}


def plain(value: object) -> Any:
    """Fit for JSON: lists and figures as they are, paths and what else there is as their text."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (int, float)) else printable(str(value))


def printable(text: str) -> str:
    """Names of files may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def leave_word(error: HumanError) -> None:
    """For the supervisor of a job, which puts it into exit.json: what is refused early is told by no run."""
    folder = os.environ.get("EARMARK_JOB_DIR")
    if not folder:
        return
    text = printable(str(error))
    word = json.dumps({"text": text, **error.parts})
    if len(word) > MOST_WORD_BYTES:
        word = json.dumps({"text": text[:SHORTENED]})
    with suppress(OSError), open(os.path.join(folder, "refusal.json"), "w", encoding="utf-8") as file:
        file.write(word)


def run_script(make_parser: Callable[[], argparse.ArgumentParser], main: Callable[[argparse.Namespace], int]) -> None:
    """Parses, runs, exits: 0 done, 2 refused with a sentence, 130 interrupted. Other errors keep their traceback."""
    # Threads that wait by spinning cost four times the time where others use the cores too. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        sys.exit(main(make_parser().parse_args()))
    except HumanError as error:
        print(f"Error: {error}", file=sys.stderr)
        leave_word(error)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
