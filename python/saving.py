"""How checkpoints are written and taken up again: best_model, final_model, checkpoint-<step>. They appear whole."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import torch

from errors import HumanError
from musicgen import base_of, is_adapter
from runfiles import disk_error, read_json, sync, utc_now, write_json

NUMBERED = re.compile(r"checkpoint-(\d+)")


def save_weights(model: Any, folder: Path, facts: dict[str, Any]) -> None:
    """Writes the adapter in PEFT's layout (or the whole model after full fine-tuning) and checkpoint.json."""
    _make(folder, model, facts, state=None)


def save_state(
    model: Any, folder: Path, facts: dict[str, Any], optimizer: torch.optim.Optimizer, data_state: dict[str, Any]
) -> None:
    """Like save_weights, with all that an exact resume needs beside it."""
    _make(folder, model, facts, state=(optimizer, data_state))


def load_state(model: Any, folder: Path, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Puts a checkpoint's weights and optimizer state back; returns data_state.json. Raises HumanError: unreadable."""
    try:
        _load_weights(model, folder)
        optimizer.load_state_dict(torch.load(folder / "optimizer.pt", map_location="cpu", weights_only=True))
        rng = torch.load(folder / "rng.pt", map_location="cpu", weights_only=True)
    except Exception as error:
        raise HumanError(
            "The checkpoint {folder} cannot be resumed from ({why}). Delete that folder to go on from the one before "
            "it.",
            "checkpoint-unreadable",
            says="checkpoint-unreadable",
            folder=folder,
            why=error,
        ) from error
    torch.set_rng_state(rng["torch"])
    return read_json(folder / "data_state.json")


def numbered_checkpoints(run: Path) -> list[Path]:
    """Complete checkpoint-<step> folders that can be resumed from, lowest step first."""
    found = [(int(m[1]), p) for p in run.glob("checkpoint-*") if (m := NUMBERED.fullmatch(p.name))]
    return [path for _, path in sorted(found) if (path / "data_state.json").is_file()]


def remove_old(run: Path, keep: int) -> None:
    """Leaves the newest `keep` numbered checkpoints; 0 keeps all."""
    for folder in numbered_checkpoints(run)[:-keep] if keep > 0 else []:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(run: Path) -> None:
    """Clears what a killed process left half-made, and puts back what it was about to replace."""
    for left in run.glob(".*.old"):
        original = run / left.name[1 : -len(".old")]
        if original.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            os.replace(left, original)
    for left in [*run.glob(".best_model.*.tmp"), *run.glob(".final_model.*.tmp"), *run.glob(".checkpoint-*.tmp")]:
        shutil.rmtree(left, ignore_errors=True)


def adapter_is_zero(model: Any) -> bool:
    """True when the adapter does nothing: all B matrices are as good as zero, as they were made."""
    up = [p for name, p in model.named_parameters() if ".lora_B." in name]
    return bool(up) and all(float(p.detach().abs().max()) < 1e-9 for p in up)


def _make(folder: Path, model: Any, facts: dict[str, Any], state: Any) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        if hasattr(model, "peft_config"):
            model.save_pretrained(temporary, save_embedding_layers=False)
        else:
            base_of(model).save_pretrained(temporary)
        if state is not None:
            optimizer, data_state = state
            torch.save(optimizer.state_dict(), temporary / "optimizer.pt")
            torch.save({"step": facts["step"], "lr": data_state["lr"]}, temporary / "scheduler.pt")
            torch.save({"torch": torch.get_rng_state()}, temporary / "rng.pt")
            write_json(temporary / "data_state.json", data_state)
        write_json(temporary / "checkpoint.json", {**facts, "created": utc_now()})
        sync(temporary)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            os.replace(folder, old)
        os.replace(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise disk_error(error, folder) from error
    except Exception as error:  # torch and safetensors wrap what the system said
        if shutil.disk_usage(folder.parent).free < 1 << 20:
            raise disk_error(OSError(28, "No space left on device"), folder) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _load_weights(model: Any, folder: Path) -> None:
    from safetensors.torch import load_file

    if is_adapter(folder):
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
        return
    weights: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        weights.update(load_file(file))
    missing, _ = base_of(model).load_state_dict(weights, strict=False)
    lost = [name for name in missing if "decoder." in name and "embed_positions" not in name]
    if lost:
        raise ValueError(f"{len(lost)} tensors are missing")
