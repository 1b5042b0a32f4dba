"""Proves on a GPU what the tests prove on a CPU: kernels and graph against plain PyTorch and against transformers.

    python check_gpu.py --model_path models/random-small

Prints a line a check and ends with 1 when one does not hold. Kept apart from the tests, which need no GPU.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from errors import run_script


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model_path", required=True, help="folder of a MusicGen")
    parser.add_argument("--duration", type=float, default=3.0, help="seconds of the clips compared (default: 3)")
    return parser


def main(args: argparse.Namespace) -> int:
    import torch

    import torch_ops
    from codec import decode_audio
    from decode import Decoder, Weights, decoder_state, fastest_ops
    from musicgen import encode_text, load_model, load_tokenizer
    from sampling import Sampling, noise_key

    if not torch.cuda.is_available():
        print("There is no GPU here; the tests check the CPU.", file=sys.stderr)
        return 2
    torch.backends.cuda.matmul.allow_tf32 = False
    device = torch.device("cuda")
    model, tokenizer = load_model(args.model_path, device), load_tokenizer(args.model_path)
    words = ["slow solo guitar", "a warm piano with strings and drums, 90 bpm", "techno"]
    texts = encode_text(model, tokenizer, words)
    keys = [noise_key(text, 0) for text in words]
    state = decoder_state(model)

    def make(dtype: torch.dtype, plain: bool, models: int = 2, **sampling: Any) -> Decoder:
        settings = Sampling(**{"duration_s": args.duration, **sampling})
        decoder = Decoder(Weights(model.config.decoder, [state] * models, device, dtype), 3, 24, settings)
        if plain:
            decoder.ops = torch_ops
        return decoder

    held = []

    def check(name: str, holds: bool, detail: str = "") -> None:
        held.append(holds)
        print(f"{'holds' if holds else 'FAILS':6} {name} {detail}", flush=True)

    check("kernels are in use", fastest_ops(device) is not torch_ops)
    fast = make(torch.float32, False).generate(texts, keys)
    plain = make(torch.float32, True).generate(texts, keys)
    same = float((fast == plain).float().mean())
    check("fp32, sampled: graph and kernels draw what plain PyTorch draws", same > 0.999, f"{same:.5f} equal")
    greedy = make(torch.float32, False, models=1, temperature=0.0).generate(texts, keys)[0]
    truth = generated(model, tokenizer, words, greedy.shape[-1])
    same = float((greedy == truth).float().mean())
    check("fp32, greedy: equal to generate of transformers", same == 1.0, f"{same:.5f} equal")
    again = make(torch.float16, False)
    first = again.generate(texts, keys).clone()
    check("fp16: twice the same, bit for bit", torch.equal(first, again.generate(texts, keys)))
    check("fp16: both of two equal models alike", torch.equal(first[0], first[1]))
    exact, rough = (first_logits(make(dtype, False, models=1), texts, keys) for dtype in (torch.float32, torch.float16))
    error = float((exact - rough).norm() / exact.norm())
    check("fp16: logits close to those of fp32", error < 1e-2, f"relative error {error:.1e}")
    with memory_is_taken():
        codes = make(torch.float32, False, models=1).generate(texts, keys)[0]
    same = float((codes == fast[0]).float().mean())
    check("fp32: the same where another thread takes memory during the capture", same > 0.999, f"{same:.5f} equal")
    with torch.no_grad():
        heard = model.audio_encoder.decode(codes[None], [None]).audio_values[:, 0]
    error = float((heard - decode_audio(model, codes)).norm() / heard.norm())
    check("codec: what the model's own makes of the codes", error < 1e-3, f"relative error {error:.1e}")
    return 0 if all(held) else 1


@contextlib.contextmanager
def memory_is_taken() -> Iterator[None]:
    """By a thread, all the while, as the codec does that works on the batch before."""
    import torch

    end = threading.Event()

    def take() -> None:
        held = []
        while not end.wait(0.01) and len(held) < 300:
            held.append(torch.empty(12 << 20, dtype=torch.uint8, device="cuda"))  # too large for what is kept

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def generated(model: Any, tokenizer: Any, words: list[str], frames: int) -> Any:
    """Greedy codes (B, K, T) of transformers' generate."""
    seen = {}
    decode = model.audio_encoder.decode

    def spy(codes: Any, *rest: Any, **more: Any) -> Any:
        seen["codes"] = codes
        return decode(codes, *rest, **more)

    model.audio_encoder.decode = spy
    batch = tokenizer(words, padding=True, return_tensors="pt").to(model.device)
    model.generate(**batch, do_sample=False, guidance_scale=3.0, max_new_tokens=frames + 3)
    del model.audio_encoder.decode
    return seen["codes"][0]


def first_logits(decoder: Any, texts: Any, keys: Any) -> Any:
    """Logits of the first step, which sees the same tokens whatever the precision."""
    import torch

    with torch.inference_mode():
        decoder._reset(texts, keys)
        return decoder.step().float()


if __name__ == "__main__":
    run_script(make_parser, main)
