"""From a batch of prompts to WAV files on disk: text states, decode loop, codec, writing, each beside the next.

The codec works in a thread (on a GPU on a stream) of its own while the next batch is decoded; threads write the files.
"""

from __future__ import annotations

import io
import math
import os
import threading
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from batching import Batch
from checkpoints import Model, decoder_states
from codec import features_of, samples_of
from decode import Decoder, Weights
from errors import HumanError
from evaluation_folder import RATE, Clip
from musicgen import encode_text, first_line
from sampling import Sampling, noise_key

FULL_SCALE = 32767
CEILING = 0.999
FEATURES_FOR = 10
SMALL = 512

Write = Callable[[Clip, bytes, float], None]
Fail = Callable[[Clip, str], None]


class Renderer:
    """Renders batches with one base model; leaving its context waits for the files that are still being written."""

    def __init__(
        self, model: Any, tokenizer: Any, sampling: Sampling, dtype: torch.dtype, text_tokens: int, audio_clips: int
    ) -> None:
        self.model, self.tokenizer, self.sampling, self.dtype = model, tokenizer, sampling, dtype
        self.text_tokens, self.audio_clips = text_tokens, audio_clips
        self.weights: Weights | None = None
        self.decoder: Decoder | None = None
        self._models: tuple[Model, ...] = ()
        cuda = model.device.type == "cuda"
        self._stream, self._copies = (torch.cuda.Stream() if cuda else None for _ in range(2))
        self._codec = ThreadPoolExecutor(1, thread_name_prefix="codec")
        self._writers = ThreadPoolExecutor(min(16, os.cpu_count() or 1), thread_name_prefix="wav")
        self._jobs: list[Future[None]] = []
        self._lock = threading.Lock()
        if model.device.type == "cpu" and model.config.decoder.hidden_size < SMALL:
            torch.set_num_threads(1)  # splitting sums this short costs more than it saves

    def render(
        self, batch: Batch, clips: Sequence[Clip], write: Write, fail: Fail, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Makes those clips of the batch and hands each to `write` or `fail`, later and in threads.

        Raises HumanError (disk full), Stopped, or whatever torch raises when memory does not suffice.
        """
        decoder = self._decoder(batch)
        filled = [batch.prompts[i % len(batch.prompts)] for i in range(batch.size)]
        texts = encode_text(self.model, self.tokenizer, [prompt.text for prompt in filled])
        codes = decoder.generate(texts, [noise_key(prompt.id, batch.seed) for prompt in filled], stop)
        broken = ~torch.isfinite(decoder.x).all(-1).view(len(batch.models), 2, batch.size).all(1)
        wanted = {(clip.model.name, clip.prompt.id): clip for clip in clips}
        places = [
            (g, b, wanted.get((model.name, prompt.id)))
            for g, model in enumerate(batch.models)
            for b, prompt in enumerate(batch.prompts)
        ]
        decoded = self._now()
        for start in range(0, len(places), FEATURES_FOR * self.audio_clips):
            part = places[start : start + FEATURES_FOR * self.audio_clips]
            if any(clip is not None for _, _, clip in part):
                self._submit(self._codec, self._voice, codes, broken, decoded, part, write, fail)
        self._collect(wait=False)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            for threads in (self._codec, self._writers):
                threads.shutdown(cancel_futures=True)

    def wait(self) -> None:
        """Until all files are written. Raises the first error that writing met."""
        self._collect(wait=True)

    def forget_buffers(self) -> None:
        """Gives memory back after it did not suffice, when all is written that was made."""
        while True:
            try:
                self.wait()
                break
            except Exception as error:  # further clips for which it did not suffice
                if not is_out_of_memory(error):
                    raise
        self.decoder = None
        if self._stream is not None:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()

    def _decoder(self, batch: Batch) -> Decoder:
        if self._models != batch.models or self.weights is None:
            self.decoder = self.weights = None
            states = decoder_states(self.model, batch.models)
            self.weights = Weights(self.model.config.decoder, states, self.model.device, self.dtype)
            self._models = batch.models
            del states
            if self._stream is not None:
                torch.cuda.empty_cache()  # what merging needed, in pieces too small for the buffers
        if self.decoder is None or self.decoder.prompts != batch.size:
            self.decoder = None
            self.decoder = Decoder(self.weights, batch.size, self.text_tokens, self.sampling)
        return self.decoder

    def _voice(
        self,
        codes: torch.Tensor,
        broken: torch.Tensor,
        decoded: Any,
        part: Sequence[tuple[int, int, Clip | None]],
        write: Write,
        fail: Fail,
    ) -> None:
        """Codes (G, B, K, T) of the clips of a part → samples → 16 bit, handed to the writers chunk by chunk."""
        with torch.inference_mode(), torch.cuda.stream(self._stream):  # a stream of None does nothing
            if decoded is not None:
                decoded.wait()
            models, prompts = torch.tensor([(g, b) for g, b, _ in part]).T.to(codes.device)
            features = features_of(self.model, codes[models, prompts])
            fine = ~broken[models, prompts]
            for start in range(0, len(part), self.audio_clips):
                chunk = slice(start, start + self.audio_clips)
                clips = [clip for _, _, clip in part[chunk]]
                if any(clip is not None for clip in clips):
                    self._write(samples_of(self.model, features[chunk]), fine[chunk], clips, write, fail)

    def _write(
        self, samples: torch.Tensor, fine: torch.Tensor, clips: Sequence[Clip | None], write: Write, fail: Fail
    ) -> None:
        samples = samples[:, : round(self.sampling.duration_s * RATE)].float()
        peaks = samples.abs().amax(1)
        # A clip that would clip is turned down as a whole, so that it is bent nowhere.
        gains = torch.where(peaks > CEILING, CEILING / peaks, 1.0)
        pcm = (samples * (gains * FULL_SCALE)[:, None]).round().clamp(-FULL_SCALE, FULL_SCALE).to(torch.int16)
        facts = torch.stack([gains, (fine & torch.isfinite(peaks)).float()], 1)
        # Brought from the GPU by a writer: the codec goes on with the next clips meanwhile.
        self._submit(self._writers, self._fetch, pcm, facts, self._now(), clips, write, fail)

    def _fetch(
        self,
        pcm: torch.Tensor,
        facts: torch.Tensor,
        made: Any,
        clips: Sequence[Clip | None],
        write: Write,
        fail: Fail,
    ) -> None:
        with torch.cuda.stream(self._copies):  # the thread's own is the decoder's, with a whole batch before this
            if made is not None:
                made.wait()
            pcm, rows = pcm.cpu(), facts.tolist()
        for row, (clip, fact) in enumerate(zip(clips, rows)):
            if clip is not None:
                self._submit(self._writers, _save, clip, pcm[row], fact, write, fail)

    def _now(self) -> Any:
        """An event of the GPU after all that the current stream was given so far; None on a CPU."""
        if self._stream is None:
            return None
        event = torch.cuda.Event()
        event.record()
        return event

    def _submit(self, threads: ThreadPoolExecutor, *job: Any) -> None:
        with self._lock:
            self._jobs.append(threads.submit(*job))

    def _collect(self, wait: bool) -> None:
        """Raises what a finished job met, and forgets that job. Jobs may add jobs while they are waited for."""
        while True:
            with self._lock:
                job = next((job for job in self._jobs if wait or job.done()), None)
                if job is None:
                    return
                self._jobs.remove(job)
            job.result()


def _save(clip: Clip, pcm: torch.Tensor, facts: Sequence[float], write: Write, fail: Fail) -> None:
    gain, finite = facts
    if not finite:
        fail(clip, "the model's numbers became infinite or NaN; try --dtype fp32, or another checkpoint")
        return
    try:
        write(clip, wav_bytes(pcm), 20 * math.log10(gain) if gain < 1 else 0.0)
    except HumanError as error:
        if error.code == "disk-full":
            raise
        fail(clip, str(error))


def wav_bytes(pcm: torch.Tensor) -> bytes:
    """A mono WAV file, 16 bit, 32 kHz, of int16 samples (N,)."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(pcm.numpy().astype("<i2", copy=False).tobytes())
    return file.getvalue()


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "memory" in first_line(error).lower()
