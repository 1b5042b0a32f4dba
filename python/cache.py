"""Codes and text states of a data set, made once and kept by content hash, so that training never runs the codec or T5.

`<cache>/codes/<hash>.npz`: codes (K, T) int16 and the clip's facts. `<cache>/text/<hash>.npz`: states (L, D) fp16.
A hash covers what went in: the file's bytes, how it was cut, and the weights of the codec or text encoder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import zipfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio import ClipFacts, Dropped, read_audio
from errors import HumanError
from metadata import Row
from musicgen import base_of, encode_audio, encode_text
from runfiles import appearing, disk_error, sha256_file

if TYPE_CHECKING:
    import numpy as np
    import torch

TEXT_BATCH = 32
_PARSING = threading.Lock()


@dataclass
class Clip:
    """A clip ready for training."""

    row: Row
    content: str  # sha256 of the file
    codes: torch.Tensor  # (K, T) int16
    text: torch.Tensor  # (L, D) fp16, shared between clips of equal caption
    facts: ClipFacts


@dataclass
class Prepared:
    clips: list[Clip]
    dropped: dict[str, list[str]] = field(default_factory=dict)  # reason → names
    encoded: int = 0  # clips that were not in the cache yet


@dataclass(frozen=True)
class Cut:
    """How clips are cut: see audio.read_audio."""

    max_seconds: float = 15.0
    min_seconds: float = 1.0
    crop: bool = True


Progress = Callable[[int, int], None]


class Stopped(Exception):
    """Asked to stop; what was prepared so far is kept."""


class Cache:
    """Clips and captions of one model. `workers` threads read files; encoding runs on the model's device."""

    def __init__(self, folder: Path, model: Any, tokenizer: Any, workers: int = 4, batch: int = 8) -> None:
        self.folder, self.model, self.tokenizer = folder, model, tokenizer
        self.workers, self.batch = max(1, workers), max(1, batch)
        base = base_of(model)
        self.rate: int = base.config.audio_encoder.sampling_rate
        self.codec_id = _weights_hash(base.audio_encoder)
        self.text_id = _weights_hash(base.text_encoder)
        try:
            for part in ("codes", "text"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HumanError(
                "The cache folder {folder} cannot be made: {why}. Give --cache_dir a folder to write in.",
                "cache-unwritable",
                says="cache-folder",
                folder=folder,
                why=error.strerror,
            ) from error

    def prepare(
        self,
        rows: Sequence[Row],
        cut: Cut,
        progress: Progress = lambda done, total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Prepared:
        """Clips in the order of `rows`, from the cache where it has them, and what was dropped and why.

        Raises HumanError: disk full, nothing left to train on. Raises Stopped when `should_stop()`.
        """
        result = Prepared([])
        kept: dict[int, tuple[str, torch.Tensor, ClipFacts]] = {}
        waiting: dict[int, list[tuple[int, Path, str, np.ndarray, ClipFacts]]] = defaultdict(list)

        def encode(length: int) -> None:
            batch = waiting.pop(length)
            codes = self._encode([samples for *_, samples, _ in batch])
            for (index, path, content, _, facts), row in zip(batch, codes):
                self._save(path, codes=row.numpy(), facts=json.dumps(facts.as_json()))
                kept[index] = (content, row, facts)
            result.encoded += len(batch)

        for done, (index, found) in enumerate(self._read_all(rows, cut)):
            if should_stop():
                raise Stopped
            if isinstance(found, str):
                result.dropped.setdefault(found, []).append(rows[index].named or f"row {index + 1}")
            elif isinstance(found[1], Path):
                path, content, samples, facts = found[1], found[0], found[2], found[3]
                waiting[len(samples)].append((index, path, content, samples, facts))
                if len(waiting[len(samples)]) >= self.batch:
                    encode(len(samples))
            else:
                kept[index] = found
            progress(done + 1, len(rows))
        for length in list(waiting):
            encode(length)
        self._finish(rows, kept, result, should_stop)
        return result

    def _finish(self, rows: Sequence[Row], kept: dict[int, Any], result: Prepared, should_stop: Any) -> None:
        """Leaves out copies with the same caption, and joins the rest with their text states."""
        seen: set[tuple[str, str]] = set()
        for index in sorted(kept):
            if (kept[index][0], rows[index].text) in seen:
                result.dropped.setdefault("duplicate", []).append(rows[index].named)
                del kept[index]
            else:
                seen.add((kept[index][0], rows[index].text))
        texts = self.texts([rows[index].text for index in kept], should_stop)
        for index in sorted(kept):
            content, codes, facts = kept[index]
            result.clips.append(Clip(rows[index], content, codes, texts[rows[index].text], facts))
        if not result.clips:
            dropped = [(reason, len(names)) for reason, names in result.dropped.items()]
            raise HumanError(
                "No clip of {rows} can be used ({reasons}). Check --data_dir, the metadata and --max_duration.",
                "data-empty",
                says="data-empty",
                rows=len(rows),
                dropped=dropped,
                words={"reasons": ", ".join(f"{count} {reason}" for reason, count in dropped)},
            )

    def texts(
        self, captions: Iterable[str], should_stop: Callable[[], bool] = lambda: False
    ) -> dict[str, torch.Tensor]:
        """Caption → T5 states (L, D) in fp16."""
        import torch

        unique = list(dict.fromkeys(captions))
        states: dict[str, torch.Tensor] = {}
        for caption in unique:
            loaded = _load(self._text_path(caption), "states")
            if loaded is not None:
                states[caption] = torch.from_numpy(loaded["states"])
        missing = sorted((c for c in unique if c not in states), key=len)
        for start in range(0, len(missing), TEXT_BATCH):
            if should_stop():
                raise Stopped
            batch = missing[start : start + TEXT_BATCH]
            for caption, made in zip(batch, encode_text(self.model, self.tokenizer, batch)):
                states[caption] = made.half()
                self._save(self._text_path(caption), states=states[caption].numpy())
        return states

    def _read_all(self, rows: Sequence[Row], cut: Cut) -> Iterator[tuple[int, Any]]:
        """(row index, what _read gave), read ahead by threads, in order."""
        with ThreadPoolExecutor(self.workers) as pool:
            pending: deque[tuple[int, Future[Any]]] = deque()
            try:
                for index, row in enumerate(rows):
                    pending.append((index, pool.submit(self._read, row, cut)))
                    if len(pending) >= 2 * self.workers + self.batch:
                        first, future = pending.popleft()
                        yield first, future.result()
                while pending:
                    first, future = pending.popleft()
                    yield first, future.result()
            finally:
                for _, future in pending:
                    future.cancel()

    def _read(self, row: Row, cut: Cut) -> Any:
        """(hash, codes, facts) of a cached clip; (hash, cache path, samples, facts) of one to encode; or a reason."""
        import torch

        if row.audio is None:
            return "no_audio_named"
        if not row.text:
            return "no_caption"
        try:
            content = sha256_file(row.audio)
        except (OSError, ValueError):
            return "unreadable" if os.path.lexists(row.audio) else "missing"
        how = f"{content}|{self.codec_id}|{self.rate}|{cut.max_seconds}|{cut.crop}"
        path = self.folder / "codes" / f"{hashlib.sha256(how.encode()).hexdigest()}.npz"
        loaded = _load(path, "codes", "facts")
        if loaded is not None:
            facts = ClipFacts(**json.loads(str(loaded["facts"])))
            return (
                (content, torch.from_numpy(loaded["codes"]), facts) if facts.seconds >= cut.min_seconds else "too_short"
            )
        try:
            samples, facts = read_audio(row.audio, self.rate, cut.max_seconds, cut.crop)
        except Dropped as reason:
            return str(reason)
        return (content, path, samples, facts) if facts.seconds >= cut.min_seconds else "too_short"

    def _encode(self, clips: list[np.ndarray]) -> list[torch.Tensor]:
        """Codes (K, T) of clips of equal length; half the batch at a time when the GPU's memory is short."""
        import torch

        device = base_of(self.model).device
        try:
            codes = encode_audio(self.model, torch.stack([torch.from_numpy(c) for c in clips]).to(device))
        except torch.cuda.OutOfMemoryError:
            if len(clips) == 1:
                raise HumanError(
                    "The GPU's memory is too small to encode one clip. Free it, or use a smaller --max_duration.",
                    "out-of-memory",
                    says="encoding-memory",
                ) from None
            torch.cuda.empty_cache()
            half = len(clips) // 2
            self.batch = min(self.batch, half)
            return self._encode(clips[:half]) + self._encode(clips[half:])
        return list(codes.to(torch.int16))

    def _text_path(self, caption: str) -> Path:
        digest = hashlib.sha256(f"{self.text_id}|{caption}".encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / "text" / f"{digest}.npz"

    @staticmethod
    def _save(path: Path, **arrays: Any) -> None:
        import numpy as np

        try:
            with appearing(path, durable=False) as temporary, open(temporary, "wb") as file:
                np.savez(file, **arrays)
        except OSError as error:
            raise disk_error(error, path) from error


def _load(path: Path, *names: str) -> dict[str, np.ndarray] | None:
    """The arrays of a cache file; None when it is not there or torn, so that it is made again."""
    import numpy as np

    torn = contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
    # numpy reads the header with Python's parser, which is not safe between threads in CPython 3.11: now and then it
    # ends with "SystemError: AST constructor recursion depth mismatch".
    with _PARSING, torn, np.load(path) as file:
        return {name: file[name] for name in names}
    return None


def _weights_hash(module: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
