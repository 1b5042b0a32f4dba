"""Which models an evaluation is of: base, best, final, numbered checkpoints, each adapter at a scale of its own."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import HumanError
from musicgen import attach_adapters, check_adapter, check_model_folder, is_adapter, load_model

if TYPE_CHECKING:
    import torch

FOLDERS = {"best": "best_model", "final": "final_model"}
WHOLE_FILE = 64 << 20
# Settings of peft's LoraConfig with which an adapter is more than W + scale · B A.
NOT_PLAIN = (
    "use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out", "lora_bias", "use_qalora",
    "trainable_token_indices", "target_parameters", "layer_replication", "alora_invocation_tokens", "use_bdlora",
    "arrow_config", "corda_config",
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """`folder` is None for the base; `sha256` is of what is in it."""

    name: str
    folder: Path | None = None
    scale: float = 1.0
    step: int | None = None
    sha256: str | None = None

    @property
    def output_folder(self) -> str:
        """`best@0.7` → `best_model@0.7`."""
        name, at, scale = self.name.partition("@")
        return f"{name}_model{at}{scale}" if name in ("base", *FOLDERS) else self.name


def find_models(run_dir: Path | None, wanted: str, lora_scale: float = 1.0) -> list[Model]:
    """The models that `wanted` names: `base,best,final,checkpoint-400,checkpoint-*,best@0.7`, each once, in that order.

    A name without a scale gets `lora_scale`. Raises HumanError: no such checkpoint, no scale, nothing named.
    """
    models: dict[str, Model] = {}
    for word in (word.strip() for word in wanted.split(",")):
        if not word:
            continue
        pattern, scale = _scale(word, lora_scale)
        if pattern == "base":
            if "@" in word:
                raise HumanError(
                    "base has no adapter, so it has no scale: write base, not {model}.",
                    says="scale-of-base",
                    model=word,
                )
            models["base"] = Model("base", step=0)
            continue
        if run_dir is None:
            raise HumanError(
                "--models names {model}, so --run_dir must name the run that it belongs to.",
                says="run-not-named",
                model=word,
            )
        for name, folder in _folders(run_dir, pattern):
            full = name if scale == 1.0 else f"{name}@{scale:g}"
            models.setdefault(full, Model(full, folder, scale, _step(folder), fingerprint(folder)))
    if not models:
        raise HumanError("--models names no model. Write for example base,best,final.", says="models-not-named")
    return list(models.values())


def fingerprint(folder: Path) -> str:
    """sha256 over a checkpoint's or model's configuration and weights; of larger files their first and last 32 MiB."""
    names = ("adapter_config.json", "config.json")
    files = [folder / name for name in names if (folder / name).is_file()]
    files += sorted(file for pattern in ("*.safetensors", "*.bin") for file in folder.glob(pattern))
    return hashlib.sha256("".join(f"{file.name} {_hash(file)}\n" for file in files).encode()).hexdigest()


def same_weights(models: Sequence[Model]) -> list[tuple[str, str]]:
    """Pairs of names behind which are the same weights at the same scale, such as best and final."""
    first: dict[tuple[str, float], str] = {}
    pairs = []
    for model in models:
        if model.folder is None:
            continue
        key = (_weights_only(model.folder), model.scale)
        if key in first:
            pairs.append((first[key], model.name))
        first.setdefault(key, model.name)
    return pairs


def decoder_states(base: Any, models: Sequence[Model]) -> list[dict[str, torch.Tensor]]:
    """The decoder's weights of each model by name, adapters merged in fp32. The base model stays as it is.

    Raises HumanError: an adapter or a fully fine-tuned model of another base.
    """
    from decode import decoder_state

    own = decoder_state(base)
    states = []
    for model in models:
        if model.folder is None:
            states.append(own)
        elif is_adapter(model.folder):
            states.append({**own, **_merged(base, model)})
        else:
            states.append(_fine_tuned(own, model))
    return states


def _merged(base: Any, model: Model) -> dict[str, torch.Tensor]:
    """The weights that an adapter changes, with it merged in."""
    assert model.folder is not None
    check_adapter(base, model.folder)
    config = json.loads((model.folder / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("peft_type") == "LORA" and not any(config.get(key) for key in NOT_PLAIN):
        return _merged_plainly(base, model.folder, config, model.scale)
    return _merged_by_peft(base, model.folder, model.scale)


def _merged_plainly(base: Any, folder: Path, config: dict[str, Any], scale: float) -> dict[str, torch.Tensor]:
    """W + scale · alpha / r · B A, which takes a hundredth of the time that attaching the adapter does."""
    from safetensors.torch import load_file

    rank, parameters = config["r"], dict(base.named_parameters())
    scale *= config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
    tensors = load_file(folder / "adapter_model.safetensors", device=str(base.device))
    merged = {}
    for key, b in tensors.items():
        found = re.fullmatch(r"base_model\.model\.(.+)\.lora_(embedding_)?B(\.weight)?", key)
        if found is None:
            continue
        name = f"{found[1]}.weight"
        a = tensors[key[: found.end(1)] + key[found.end(1) :].replace("B", "A")]
        delta = b.float() @ a.float()
        merged[name] = parameters[name].detach() + scale * (delta.T if found[2] else delta)
    return merged


def _merged_by_peft(base: Any, folder: Path, scale: float) -> dict[str, torch.Tensor]:
    """For all kinds of adapters. Each layer is merged in a copy of it, so that the base stays as it is."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils import ModulesToSaveWrapper

    attached = attach_adapters(base, {"a": folder})
    merged = {}
    try:
        for name, module in attached.get_base_model().named_modules():
            if isinstance(module, BaseTunerLayer):
                layer = copy.deepcopy(module)
                layer.scaling["a"] *= scale
                layer.merge(adapter_names=["a"])
                module = layer.get_base_layer()
            elif isinstance(module, ModulesToSaveWrapper):
                module = module.modules_to_save["a"]
            else:
                continue
            merged.update({f"{name}.{key}": value.detach() for key, value in module.named_parameters()})
    finally:
        attached.unload()
    return merged


def _fine_tuned(own: dict[str, torch.Tensor], model: Model) -> dict[str, torch.Tensor]:
    from decode import decoder_state

    assert model.folder is not None
    if model.scale != 1.0:
        raise HumanError(
            "{model}: {folder} is a whole model and no adapter, so it has no scale.",
            says="scale-of-whole-model",
            model=model.name,
            folder=model.folder,
        )
    state = decoder_state(load_model(model.folder))
    for name, value in own.items():
        if name not in state or state[name].shape != value.shape:
            has = tuple(state[name].shape) if name in state else None
            raise HumanError(
                "The model in {folder} is no fine-tuning of this base: {tensor} is {there} there and {wanted} here. "
                "Give --model_path the base it was trained on.",
                "adapter-other-base",
                says="model-other-base",
                folder=model.folder,
                tensor=name,
                shape=None if has is None else str(has),
                wanted=str(tuple(value.shape)),
                words={"there": has or "absent"},
            )
    return state


def _folders(run_dir: Path, pattern: str) -> list[tuple[str, Path]]:
    """Name and folder of each checkpoint of the run that matches, numbered ones by number."""
    named = FOLDERS.get(pattern, pattern)
    if not run_dir.is_dir():
        raise HumanError(
            "There is no run folder {folder} (looked in {looked}). Give --run_dir a trained run.",
            says="run-folder-missing",
            folder=run_dir,
            looked=Path.cwd(),
        )
    if "/" in named or "\\" in named or named.startswith("."):
        raise HumanError(
            "{checkpoint!r} is no name of a checkpoint in {folder}.",
            says="checkpoint-no-name",
            checkpoint=pattern,
            folder=run_dir,
        )
    found = [folder for folder in run_dir.glob(named) if _is_checkpoint(folder)]
    if not found:
        there = sorted(path.name for path in run_dir.iterdir() if _is_checkpoint(path))
        raise HumanError(
            "The run {folder} has no checkpoint {checkpoint}. It has: {has}.",
            "checkpoint-missing",
            says="checkpoint-missing",
            folder=run_dir,
            checkpoint=pattern,
            there=there,
            words={"has": ", ".join(there) or "none yet"},
        )
    names = {folder: name for name, folder in FOLDERS.items()}
    return [(names.get(folder.name, folder.name), folder) for folder in sorted(found, key=_by_number)]


def _is_checkpoint(folder: Path) -> bool:
    if is_adapter(folder):
        return True
    try:
        check_model_folder(folder)
    except HumanError:
        return False
    return True


def _by_number(folder: Path) -> tuple[str, int]:
    digits = re.search(r"(\d+)$", folder.name)
    return (folder.name[: digits.start()], int(digits[1])) if digits else (folder.name, 0)


def _step(folder: Path) -> int | None:
    try:
        step = json.loads((folder / "checkpoint.json").read_text(encoding="utf-8")).get("step")
    except (OSError, ValueError, AttributeError):
        step = None
    if isinstance(step, int):
        return step
    digits = re.fullmatch(r"checkpoint-(\d+)", folder.name)
    return int(digits[1]) if digits else None


def _scale(word: str, default: float) -> tuple[str, float]:
    name, at, number = word.partition("@")
    if not at:
        return name, default
    try:
        scale = float(number)
    except ValueError:
        scale = -1.0
    if not 0 <= scale <= 10:
        raise HumanError(
            "{model}: the scale behind @ is a number from 0 to 10, for example best@0.7.",
            says="scale-out-of-range",
            model=word,
        )
    return name, scale


def _weights_only(folder: Path) -> str:
    """Like fingerprint(), of the weights alone: the configuration beside them may differ in paths."""
    file = folder / "adapter_model.safetensors"
    return _hash(file) if file.is_file() else fingerprint(folder)


def _hash(file: Path) -> str:
    facts = file.stat()
    return _hash_once(file, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_once(file: Path, size: int, _changed: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    with open(file, "rb") as opened:
        if size <= WHOLE_FILE:
            digest.update(opened.read())
        else:
            digest.update(opened.read(WHOLE_FILE // 2))
            opened.seek(size - WHOLE_FILE // 2)
            digest.update(opened.read())
    return digest.hexdigest()
