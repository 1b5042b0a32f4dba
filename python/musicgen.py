"""MusicGen as its training and evaluation need it: loading, codes, text states, adapters.

Shapes: B clips, K codebooks (4), T frames (50 a second), L text tokens, D text width.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import HumanError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import MusicgenForConditionalGeneration, PreTrainedTokenizerBase

MAX_TEXT_TOKENS = 256
TOKENIZER_FILES = ("tokenizer.json", "spiece.model")
_LAYER = r".*decoder\.model\.decoder\.layers\.\d+\."
LORA_TARGETS = {
    "attention": _LAYER + r"(self_attn|encoder_attn)\.(q|k|v|out)_proj",
    "cross-attention": _LAYER + r"encoder_attn\.(q|k|v|out)_proj",
    "ffn": _LAYER + r"fc[12]",
    "heads": r".*decoder\.lm_heads\.\d+",
}


def load_model(path: str | Path, device: str | torch.device = "cpu") -> MusicgenForConditionalGeneration:
    """The model in fp32 and eval mode, without dropout, with start and pad id set to V (newer configs lack the first).

    `path` is a folder in the layout of facebook/musicgen-small, or such a name on the Hugging Face hub.
    Raises HumanError: not there, a file of it missing or torn, not a MusicGen.
    """
    _quiet_transformers()
    from transformers import MusicgenConfig, MusicgenForConditionalGeneration

    source = str(path)
    if is_hub_name(source):
        print(f"No folder {source} here: asking the Hugging Face hub for it.", file=sys.stderr)
    else:
        check_model_folder(Path(path))
    try:
        config = MusicgenConfig.from_pretrained(source)
        decoder = config.decoder
        decoder.pad_token_id = decoder.bos_token_id = decoder.decoder_start_token_id = decoder.vocab_size
        decoder.dropout = decoder.attention_dropout = decoder.activation_dropout = decoder.layerdrop = 0.0
        model, info = MusicgenForConditionalGeneration.from_pretrained(source, config=config, output_loading_info=True)
    except Exception as error:  # whatever the library raises, the person needs to know which folder and why
        raise HumanError(
            "The model in {folder} could not be loaded: {why}. Check that the folder holds a complete MusicGen, or "
            "copy it again.",
            "model-unreadable",
            says="model-not-loaded",
            folder=source,
            why=first_line(error),
        ) from error
    # Sinusoidal positions of old checkpoints and T5's tied embedding are made anew when loading.
    missing = [key for key in info["missing_keys"] if not re.search(r"embed_positions|encoder\.embed_tokens", key)]
    if missing:
        raise HumanError(
            "The weights in {folder} lack {count} tensors, for example {tensor}. The folder is incomplete or of "
            "another model; copy it again.",
            "model-incomplete",
            says="model-tensors-missing",
            folder=source,
            count=len(missing),
            tensor=sorted(missing)[0],
        )
    return model.float().eval().to(device)


def check_model_folder(folder: Path) -> None:
    """Raises HumanError unless each file that the model in `folder` needs is there."""
    if not folder.is_dir():
        raise HumanError(
            "There is no model folder {folder} (looked in {looked}). Give --model_path the folder that holds "
            "config.json and model.safetensors.",
            "model-missing",
            says="model-folder-missing",
            folder=folder,
            looked=Path.cwd(),
        )
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except FileNotFoundError:
        raise HumanError(
            "{folder} holds no config.json, so it is no model folder.",
            "model-missing",
            says="model-config-missing",
            folder=folder,
        ) from None
    except (OSError, ValueError, AttributeError) as error:
        raise HumanError(
            "{file} could not be read: {why}.",
            "model-unreadable",
            says="model-config-unreadable",
            file=folder / "config.json",
            why=error,
        ) from error
    if kind != "musicgen":
        raise HumanError(
            "{folder} holds a model of type {kind}, not a MusicGen.",
            "model-wrong-type",
            says="model-other-type",
            folder=folder,
            kind=repr(kind),
        )
    for index in folder.glob("*.index.json"):
        shards = set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values())
        lost = sorted(name for name in shards if not (folder / name).is_file())
        if lost:
            raise HumanError(
                "The model in {folder} is incomplete: {files} missing of {count} weight files. Copy what is missing, "
                "or the whole folder again.",
                "model-incomplete",
                says="model-files-missing",
                folder=folder,
                files=", ".join(lost),
                count=len(shards),
            )
    if not any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "*.safetensors.index.json", "*.bin")):
        raise HumanError(
            "{folder} holds no weights (model.safetensors). Copy the model again.",
            "model-incomplete",
            says="model-weights-missing",
            folder=folder,
        )


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """Raises HumanError when the folder lacks the tokenizer's files."""
    _quiet_transformers()
    from transformers import AutoTokenizer

    try:
        # Without these files T5's tokenizer is made up of nothing, and takes every word for an unknown one.
        if not is_hub_name(str(path)) and not any((Path(path) / name).is_file() for name in TOKENIZER_FILES):
            raise FileNotFoundError(f"it has none of {', '.join(TOKENIZER_FILES)}")
        return AutoTokenizer.from_pretrained(str(path))
    except Exception as error:
        raise HumanError(
            "The tokenizer in {folder} could not be loaded: {why}. Copy tokenizer.json and tokenizer_config.json of "
            "the model there.",
            "tokenizer-missing",
            says="tokenizer-not-loaded",
            folder=path,
            why=first_line(error),
        ) from error


def encode_audio(model: Any, samples: torch.Tensor) -> torch.Tensor:
    """Mono 32 kHz samples (B, N), each clip as long as it is, → codes (B, K, ceil(N / 640)) on the CPU."""
    import torch

    with torch.no_grad():
        codes = base_of(model).audio_encoder.encode(samples[:, None]).audio_codes
    return codes[0].cpu()


def encode_text(model: Any, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[torch.Tensor]:
    """T5's last states of each text (L, D) in fp32 on the CPU, without padding. Longer texts are cut at 256 tokens."""
    import torch

    base = base_of(model)
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TEXT_TOKENS, return_tensors="pt")
    batch = {key: batch[key].to(base.device) for key in ("input_ids", "attention_mask")}
    with torch.no_grad():
        states = base.text_encoder(**batch).last_hidden_state.cpu()
    return [row[: int(mask.sum())].clone() for row, mask in zip(states, batch["attention_mask"].cpu())]


def lora_pattern(target: str) -> str:
    """`attention,ffn` → the regex of the layers that get an adapter. What names no LORA_TARGETS is a regex itself."""
    if target == "all":
        target = "attention,ffn,heads"
    if target not in LORA_TARGETS and all(name in LORA_TARGETS for name in target.split(",")):
        return "|".join(LORA_TARGETS[name] for name in target.split(","))
    return LORA_TARGETS.get(target, target)


def add_lora(model: Any, rank: int, alpha: float, dropout: float, target: str, **extra: Any) -> PeftModel:
    """Puts a fresh adapter (fp32, B = 0) on the layers of `target`; only it trains. Raises HumanError: no layer."""
    from peft import LoraConfig, get_peft_model

    pattern = lora_pattern(target)
    try:
        matches = [name for name, _ in model.named_modules() if re.fullmatch(pattern, name)]
    except re.error as error:
        raise HumanError(
            "--lora_target {target!r} is neither one of {known} nor a regex: {why}.",
            says="lora-target-unclear",
            target=target,
            known=_targets(),
            why=error,
        ) from None
    if not matches:
        raise HumanError(
            "--lora_target {target!r} matches no layer. Use {known}, or a regex of layer names.",
            says="lora-target-nothing",
            target=target,
            known=_targets(),
        )
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, bias="none", target_modules=pattern, **extra)
    return get_peft_model(model, config)


def attach_adapters(model: Any, folders: Mapping[str, str | Path]) -> PeftModel:
    """The model with the adapter of each folder under its name, none trained, the first active.

    Choose with `set_adapter(name)`; `with model.disable_adapter():` is the base model. Raises HumanError: not an
    adapter, or one of another base.
    """
    from peft import PeftModel

    attached: Any = None
    for name, folder in folders.items():
        check_adapter(model if attached is None else base_of(attached), Path(folder))
        if attached is None:
            attached = PeftModel.from_pretrained(model, str(folder), adapter_name=name)
        else:
            attached.load_adapter(str(folder), adapter_name=name)
    return attached.eval()


def check_adapter(model: Any, folder: Path) -> None:
    """Raises HumanError unless the adapter in `folder` has layers and shapes of `model`. Reads headers only."""
    from safetensors import SafetensorError, safe_open

    if not is_adapter(folder):
        raise HumanError(
            "{folder} holds no adapter (adapter_config.json and adapter_model.safetensors). "
            "Choose a checkpoint folder of a run, such as best_model.",
            "adapter-missing",
            says="adapter-missing",
            folder=folder,
        )
    made_for = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
    modules = {re.sub(r"\.base_layer$", "", name): module for name, module in model.named_modules()}
    try:
        with safe_open(folder / "adapter_model.safetensors", "pt") as file:
            shapes = {key: file.get_slice(key).get_shape() for key in file.keys()}  # noqa: SIM118 (it is no dict)
    except (SafetensorError, OSError) as error:
        raise HumanError(
            "The adapter in {folder} could not be read: {why}. Copy it again, or use another checkpoint.",
            "adapter-unreadable",
            says="adapter-unreadable",
            folder=folder,
            why=first_line(error),
        ) from error
    for key, shape in shapes.items():
        found = re.fullmatch(r"base_model\.model\.(.+)\.lora_([AB])\.weight", key)
        if found is None:
            continue
        module = modules.get(found[1])
        weight = getattr(module, "weight", None)
        wanted = None if weight is None else weight.shape[1 if found[2] == "A" else 0]
        has = shape[1 if found[2] == "A" else 0]
        if wanted != has:
            raise HumanError(
                "The adapter in {folder} was trained for another base model ({made_for}), not for {base}: {layer} is "
                "{width} wide there and {here} here. Give --model_path the base it was trained on.",
                "adapter-other-base",
                says="adapter-other-base",
                folder=folder,
                made_for=str(made_for),
                base=base_of(model).name_or_path,
                layer=found[1],
                width=has,
                wanted=wanted,
                words={"here": "absent" if wanted is None else f"{wanted} wide"},
            )


def is_adapter(folder: Path) -> bool:
    """A checkpoint of LoRA training; one of full fine-tuning is a model folder that load_model() reads."""
    return (folder / "adapter_config.json").is_file() and (folder / "adapter_model.safetensors").is_file()


def base_of(model: Any) -> Any:
    """The MusicgenForConditionalGeneration inside a PeftModel, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def trainable(model: Any) -> Iterable[torch.nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def first_line(error: BaseException) -> str:
    """An error's message without the paragraphs of advice that libraries add, and without a closing full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".")


def is_hub_name(source: str) -> bool:
    """`facebook/musicgen-small`, where no folder `facebook` is here."""
    return re.fullmatch(r"[A-Za-z0-9][\w-]*/[\w.-]+", source) is not None and not Path(source.split("/")[0]).exists()


def _targets() -> str:
    return ", ".join([*LORA_TARGETS, "all"])


def _quiet_transformers() -> None:
    """Its warnings are about MusicGen's own ids; its bars are not ours. And it is in time for its first import.

    Where scikit-learn is installed transformers imports it, and SciPy and pandas with it, for a way of generating that
    is not used here: seconds before anything is heard.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
    with contextlib.suppress(ImportError):
        from transformers.utils import logging

        logging.set_verbosity_error()
        if not sys.stderr.isatty():
            logging.disable_progress_bar()
