"""Audio files → mono samples at the model's rate, and what a person should know of each clip."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import HumanError

if TYPE_CHECKING:
    import numpy as np

SILENCE_DBFS = -60.0
BLOCK_S = 0.05


@dataclass
class ClipFacts:
    """What a file was before it was brought to mono at the model's rate, and what is heard in it."""

    seconds: float  # of what is used
    file_seconds: float
    rate: int
    channels: int
    rms_dbfs: float
    silent: float  # share of blocks of 50 ms below -60 dBFS
    clipped: float  # share of samples at full scale
    notes: list[str] = field(default_factory=list)  # "resampled", "mixed", "cropped"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Dropped(Exception):
    """A clip that is left out; the text is its reason, one of few words that can be counted."""


def read_audio(path: Path, rate: int, max_seconds: float, crop: bool) -> tuple[np.ndarray, ClipFacts]:
    """Mono fp32 samples (N,) at `rate`, at most `max_seconds` of them, and the facts.

    A clip exactly `max_seconds` long is whole. A longer one is cropped to its beginning, or dropped where `crop` is
    false. Raises Dropped: missing, unreadable, empty, too_long, not_finite.
    """
    import numpy as np

    if not os.path.isfile(path):
        raise Dropped("missing")
    samples, file_rate, file_seconds = _decode(path, max_seconds + 1.0)
    # Rounding of file formats and resamplers must not turn a clip of exactly the longest length into a longer one.
    too_long = file_seconds > max_seconds + 1.0 / rate + 1.0 / file_rate
    if too_long and not crop:
        raise Dropped("too_long")
    if samples.shape[0] == 0:
        raise Dropped("empty")
    if not np.isfinite(samples).all():
        raise Dropped("not_finite")
    notes = ["cropped"] if too_long else []
    channels = samples.shape[1]
    if channels > 1:
        notes.append("mixed")
    mono = samples.mean(axis=1)
    if file_rate != rate:
        import soxr

        notes.append("resampled")
        mono = soxr.resample(mono, file_rate, rate)
    mono = np.ascontiguousarray(mono[: round(max_seconds * rate)], dtype=np.float32)
    if mono.shape[0] == 0:
        raise Dropped("empty")
    return mono, _facts(mono, rate, file_seconds, file_rate, channels, notes)


def _decode(path: Path, seconds: float) -> tuple[np.ndarray, int, float]:
    """(frames, channels) in fp32 of at most the first `seconds`, the rate, and the whole file's length in seconds."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            return file.read(int(seconds * rate), "float32", always_2d=True), rate, file.frames / rate
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError):
        return _decode_with_torchaudio(path, seconds)


def _decode_with_torchaudio(path: Path, seconds: float) -> tuple[np.ndarray, int, float]:
    """For containers that libsndfile lacks (m4a, for example), where torchaudio is installed."""
    try:
        import torchaudio

        waveform, rate = torchaudio.load(str(path))
    except Exception:  # it raises what its backend of the day raises; not there is an ImportError
        raise Dropped("unreadable") from None
    length = waveform.shape[1] / rate
    return waveform[:, : int(seconds * rate)].T.numpy(), rate, length


def _facts(
    mono: np.ndarray, rate: int, file_seconds: float, file_rate: int, channels: int, notes: list[str]
) -> ClipFacts:
    import numpy as np

    def dbfs(power: Any) -> Any:
        return 10 * np.log10(np.maximum(power, 1e-12))

    block = max(1, int(BLOCK_S * rate))
    whole = mono[: len(mono) // block * block].reshape(-1, block) if len(mono) >= block else mono[None]
    return ClipFacts(
        seconds=round(len(mono) / rate, 4),
        file_seconds=round(file_seconds, 4),
        rate=file_rate,
        channels=channels,
        rms_dbfs=round(float(dbfs(np.mean(np.square(mono)))), 2),
        silent=round(float(np.mean(dbfs(np.mean(np.square(whole), axis=1)) < SILENCE_DBFS)), 4),
        clipped=round(float(np.mean(np.abs(mono) >= 0.9999)), 6),
        notes=notes,
    )


def require_soundfile() -> None:
    """Raises HumanError when the packages that read audio are not installed."""
    try:
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except ImportError as error:
        raise HumanError(
            "{package} is missing. Install it: pip install soundfile soxr",
            "package-missing",
            says="audio-package-missing",
            package=error.name,
        ) from None
