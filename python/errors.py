"""Errors that a person can act on, and the one place where a script turns them into words and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Callable


class HumanError(Exception):
    """Fit to show as it is: a plain sentence that names the next step. `code` is for programs."""

    def __init__(self, text: str, code: str = "input") -> None:
        super().__init__(text)
        self.code = code


def run_script(make_parser: Callable[[], argparse.ArgumentParser], main: Callable[[argparse.Namespace], int]) -> None:
    """Parses, runs, exits: 0 done, 2 refused with a sentence, 130 interrupted. Other errors keep their traceback."""
    # Threads that wait by spinning cost four times the time where others use the cores too. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        sys.exit(main(make_parser().parse_args()))
    except HumanError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
