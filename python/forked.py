"""Runs scripts in children of a process that has imported everything: many runs, one wait for the imports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from errors import HumanError


def start(script: ModuleType, words: Sequence[object]) -> int:
    """A child that runs `script` with these arguments and tells errors only; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
            sys.argv = [str(script.__file__), *map(str, words)]
            code = script.main(script.make_parser().parse_args())
    except BaseException as error:  # a child must never return into the parent's code
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        code = 1
    os._exit(code)


def finish(script: ModuleType, words: Sequence[object]) -> None:
    """Runs it to its end. Raises HumanError where that is none to be proud of."""
    _, status = os.waitpid(start(script, words), 0)
    if status:
        raise HumanError(f"{script.__name__}.py ended with {os.waitstatus_to_exitcode(status)}; see above.")
