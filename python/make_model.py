"""Makes a MusicGen with random weights and a tokenizer of its own, saved in the layout of facebook/musicgen-small.

The tiny one lets training and evaluation run on a CPU in a minute; it knows nothing of music, so what it generates is
noise. `--shape small` has the real shape of musicgen-small, for benchmarks.

    python make_model.py --output_dir models/tiny-musicgen
    python make_model.py --output_dir models/random-small --shape small
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import MusicgenConfig, MusicgenForConditionalGeneration

# What both have in common with the real model: 32 kHz mono, 640 samples a frame, 4 codebooks of 2048.
CODEC = {
    "sampling_rate": 32_000,
    "audio_channels": 1,
    "upsampling_ratios": [8, 5, 4, 4],
    "target_bandwidths": [2.2],
    "codebook_size": 2048,
    "use_causal_conv": False,
    "use_conv_shortcut": False,
}
SHAPES: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {
        "text": {"d_model": 48, "d_kv": 12, "d_ff": 96, "num_layers": 1, "num_heads": 4},
        "codec": {"hidden_size": 16, "codebook_dim": 16, "num_filters": 4, "num_lstm_layers": 1},
        "decoder": {"hidden_size": 64, "ffn_dim": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    },
    "small": {
        "text": {"d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12, "vocab_size": 32_128},
        "codec": {"hidden_size": 128, "codebook_dim": 128, "num_filters": 64, "num_lstm_layers": 2},
        "decoder": {"hidden_size": 1024, "ffn_dim": 4096, "num_hidden_layers": 24, "num_attention_heads": 16},
    },
}
WORDS = """
a an and of in with for the on like at solo slow fast warm bright dark soft loud calm music song beat
guitar piano bass drums synth strings violin cello flute voice pad bells electric acoustic
techno house ambient blues jazz rock pop folk funk classical bossa nova hip hop minor major bpm
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output_dir", type=Path, required=True, help="folder to make; must not hold anything yet")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="tiny", help="size of the model (default: tiny)")
    parser.add_argument("--shards", action="store_true", help="save the weights in several files, as large models are")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights (default: 0)")
    return parser


def main(args: argparse.Namespace) -> int:
    if args.output_dir.exists() and any(args.output_dir.iterdir()):
        print(f"Error: {args.output_dir} is not empty. Choose another folder, or delete it first.", file=sys.stderr)
        return 2
    make_model(args.output_dir, args.shape, args.shards, args.seed)
    print(f"Made a MusicGen of shape '{args.shape}' with random weights in {args.output_dir}")
    return 0


def make_model(folder: Path, shape: str = "tiny", shards: bool = False, seed: int = 0) -> None:
    """The folder appears whole, or not at all."""
    import torch
    from transformers import EncodecFeatureExtractor, MusicgenForConditionalGeneration, logging

    logging.set_verbosity_error()  # it calls MusicGen's own ids unexpected
    logging.disable_progress_bar()
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        vocabulary = write_tokenizer(temporary)
        torch.manual_seed(seed)
        model = MusicgenForConditionalGeneration(make_config(SHAPES[shape], vocabulary)).eval()
        learn_codebooks(model)
        model.generation_config.update(
            bos_token_id=2048,
            pad_token_id=2048,
            decoder_start_token_id=2048,
            do_sample=True,
            guidance_scale=3.0,
            max_length=1500,
        )
        megabytes = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6
        model.save_pretrained(temporary, max_shard_size=f"{max(1, int(megabytes / 3))}MB" if shards else "100GB")
        EncodecFeatureExtractor(sampling_rate=CODEC["sampling_rate"], padding_side="left").save_pretrained(temporary)
        if folder.exists():
            folder.rmdir()
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_config(shape: dict[str, dict[str, Any]], vocabulary: int) -> MusicgenConfig:
    from transformers import EncodecConfig, MusicgenConfig, MusicgenDecoderConfig, T5Config

    text = {"vocab_size": vocabulary, **shape["text"]}
    return MusicgenConfig(
        text_encoder=T5Config(**text).to_dict(),
        audio_encoder=EncodecConfig(**CODEC, **shape["codec"]).to_dict(),
        decoder=MusicgenDecoderConfig(**shape["decoder"]).to_dict(),
    )


def learn_codebooks(model: MusicgenForConditionalGeneration) -> None:
    """Fills the codec's codebooks with vectors spread like what its encoder says of noise, each like what is left over.

    A fresh EnCodec has codebooks of zeros, with which every sound has the same codes. The last layer is scaled so
    that generated clips are audible.
    """
    import torch

    codec = model.audio_encoder
    with torch.no_grad():
        samples = 20 * CODEC["sampling_rate"]
        loudness = torch.rand(samples // 640).repeat_interleave(640)
        rest = codec.encoder((torch.randn(samples) * loudness)[None, None])[0].T
        for layer in codec.quantizer.layers:
            codebook = torch.randn_like(layer.codebook.embed) * rest.std(0) + rest.mean(0)
            layer.codebook.embed.copy_(codebook)
            layer.codebook.embed_avg.copy_(codebook)
            rest = rest - layer.codebook.decode(layer.codebook.encode(rest))
        codes = torch.randint(0, CODEC["codebook_size"], (1, 1, 4, 100))
        peak = codec.decode(codes, [None])[0].abs().max()
        last = codec.decoder.layers[-1].conv
        last.parametrizations.weight.original0.mul_(0.5 / peak)
        last.bias.zero_()


def write_tokenizer(folder: Path) -> int:
    """Writes a Unigram tokenizer of some words and single characters in T5's layout; returns its vocabulary's size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    words = [(f"▁{word}", -2.0) for word in dict.fromkeys(WORDS.split())]
    characters = [(c, -6.0) for c in string.printable if not c.isspace()]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0), *words, *characters]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "T5Tokenizer",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "extra_ids": 0,
        "model_max_length": 512,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return len(pieces)


if __name__ == "__main__":
    sys.exit(main(make_parser().parse_args()))
