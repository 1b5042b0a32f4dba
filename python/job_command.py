"""The command of a job: from a fork to its own program, with the environment that it gets."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from job_files import Json
from job_gpus import MACHINE
from job_processes import HANDLED, MARKER


def become_command(spec: Json, directory: str, gpus: dict[str, int], go: int, report: int, log: int) -> NoReturn:
    """In the forked child: waits for the word, then becomes the command. Never returns."""
    step = "The command"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*HANDLED, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if not os.read(go, 1):
            os._exit(125)  # the supervisor died before it could tell that this began
        step = f"The folder {spec['cwd']}"
        os.chdir(spec["cwd"])
        step = f"The program {spec['argv'][0]}"
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for lock in gpus.values():
            os.set_inheritable(lock, True)
        os.execvpe(spec["argv"][0], spec["argv"], environment(spec, directory, list(gpus)))
    except BaseException as error:
        reason = getattr(error, "strerror", None) or str(error)
        os.write(report, f"{step} can't be used: {reason}.".encode("utf-8", "replace"))
    os._exit(127)


def environment(spec: Json, directory: str, gpus: list[str]) -> dict[str, str]:
    """The host's own, less what the editor left in it. Output is unbuffered, wide and coloured as on a terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VSCODE_", "ELECTRON_", "EARMARK_"))}
    screen = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", "COLUMNS": "100", "LINES": "30", "FORCE_COLOR": "1"}
    job = {MARKER: spec["id"], "EARMARK_JOB_DIR": directory}
    own = {} if gpus in ([], [MACHINE]) else {"CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    return {**kept, **screen, "PATH": search_path(spec["argv"][0]), **spec.get("env", {}), **own, **job}


def search_path(program: str) -> str:
    """PATH; where `program` belongs to an environment of venv or conda, that one's programs first, as if activated."""
    path, folder = os.environ.get("PATH", os.defpath), os.path.dirname(program)
    signs = (os.path.join(os.path.dirname(folder), name) for name in ("pyvenv.cfg", "conda-meta"))
    return folder + os.pathsep + path if os.path.isabs(program) and any(map(os.path.exists, signs)) else path
