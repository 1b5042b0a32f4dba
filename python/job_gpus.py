"""GPUs of this host, and the locks by which jobs have them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket

from job_errors import disk_refusal
from job_files import make_private

MACHINE = "machine"
"""What jobs of a host without GPUs wait for: one at a time."""
GPU_TIMEOUT_S = 20.0
"""nvidia-smi wakes GPUs that sleep, one after the other."""


def gpu_slots() -> list[str] | None:
    """What jobs wait for here: GPUs by UUID, less what CUDA_VISIBLE_DEVICES hides. None where that is not known yet."""
    every = list_gpus()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if every is None:
        return None
    if named is None:
        return every or [MACHINE]
    found: list[str] = []
    for word in map(str.strip, named.split(",")):
        gpu = next((gpu for at, gpu in enumerate(every) if word == str(at) or (word and gpu.startswith(word))), None)
        if gpu is None:
            break  # as CUDA does
        found.append(gpu)
    return found or [MACHINE]


def list_gpus() -> list[str] | None:
    """UUIDs in the order of nvidia-smi; of a GPU that is split, its instances. None where there is no answer now."""
    import subprocess

    # Containers and WSL keep it elsewhere; a shell without login may not look there.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/nvidia/bin", "/usr/lib/wsl/lib"])
    program = shutil.which("nvidia-smi", path=places)
    if program is None:
        return []
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        told = subprocess.run([program, "-L"], **pipes, timeout=GPU_TIMEOUT_S, check=False).stdout
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return []
    gpus: list[str] = []
    for uuid in re.findall(r"\(UUID: ((?:GPU|MIG)-[\w/-]+)\)", told.decode("utf-8", "replace")):
        if uuid.startswith("MIG") and gpus and gpus[-1].startswith("GPU"):
            gpus.pop()
        gpus.append(uuid)
    return gpus


def lock_folder() -> str:
    """Of this user alone, and the same for each of their sessions: at home, which outlives them all."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = os.path.join(state if os.path.isabs(state) else os.path.expanduser("~/.local/state"), "earmark", "gpus")
    try:
        make_private(folder)
    except OSError as error:
        raise disk_refusal(error, folder) from error
    return folder


def take_locks(folder: str, slots: list[str], wanted: int) -> dict[str, int]:
    """Locks of so many of the slots; none of them where not enough are free."""
    taken: dict[str, int] = {}
    for slot in slots:
        # A UUID is one GPU wherever it is seen from; "machine" is another one on each host of a shared home.
        name = re.sub(r"[^\w.-]", "_", socket.gethostname() if slot == MACHINE else slot)
        lock = os.open(os.path.join(folder, f"{name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        taken[slot] = lock
        if len(taken) == wanted:
            return taken
    for lock in taken.values():
        os.close(lock)
    return {}
