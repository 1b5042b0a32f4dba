"""What a person should know of a data set before training on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from cache import Clip, Prepared
from checks import Check, check, printable
from dataset import split
from musicgen import MAX_TEXT_TOKENS

QUIETER_OR_LOUDER_DB = 12.0  # than the median clip
SILENT_SHARE = 0.5
CLIPPED_SHARE = 0.001
GRAM = 12  # frames of codebook 1: a quarter of a second that is the same to the code
SAME_SHARE = 0.5


def data_report(prepared: Prepared, rows: int, valid_fraction: float, seed: int) -> dict[str, Any]:
    """Counts, and names of what is odd. `leakage` names pairs of a train and a valid clip that share much audio."""
    clips = prepared.clips
    train, valid = split(clips, valid_fraction, seed)
    median = sorted(clip.facts.rms_dbfs for clip in clips)[len(clips) // 2]
    notes: dict[str, int] = defaultdict(int)
    for clip in clips:
        for note in clip.facts.notes:
            notes[note] += 1
    return {
        "rows": rows,
        "clips": len(clips),
        "train_clips": len(train),
        "valid_clips": len(valid),
        "hours": round(sum(clip.facts.seconds for clip in clips) / 3600, 3),
        "captions": len({clip.row.text for clip in clips}),
        "dropped": {reason: len(names) for reason, names in prepared.dropped.items()},
        "dropped_names": prepared.dropped,
        "changed": dict(notes),
        "duplicates": _duplicates(clips),
        "leakage": _leakage(train, valid),
        "rms_dbfs_median": median,
        "quiet": _named(c for c in clips if c.facts.rms_dbfs < median - QUIETER_OR_LOUDER_DB),
        "loud": _named(c for c in clips if c.facts.rms_dbfs > median + QUIETER_OR_LOUDER_DB),
        "silent": _named(c for c in clips if c.facts.silent > SILENT_SHARE),
        "clipped": _named(c for c in clips if c.facts.clipped > CLIPPED_SHARE),
        "long_captions": _named(c for c in clips if c.text.shape[0] >= MAX_TEXT_TOKENS),
    }


def report_lines(report: dict[str, Any]) -> list[str]:
    """The report in sentences."""
    return [one.text for one in data_checks(report)]


def data_checks(report: dict[str, Any]) -> Iterator[Check]:
    """The report as lines of doctor.py: what is there, then what is odd."""
    counts = {key: report[key] for key in ("clips", "rows", "hours", "captions")}
    yield check("data", {**counts, "train": report["train_clips"], "valid": report["valid_clips"]})
    for reason, names in report["dropped_names"].items():
        yield check("data-dropped", {"reason": reason, **_some(names)}, words=reason.replace("_", " "))
    words = {"resampled": "resampled to 32 kHz", "mixed": "mixed to mono", "cropped": "cropped to their beginning"}
    for change, count in report["changed"].items():
        yield check("data-changed", {"change": change, "count": count}, words=words.get(change, change))
    if report["duplicates"]:
        yield check("data-duplicates", _some([" = ".join(names) for names in report["duplicates"]]))
    if report["leakage"]:
        yield check("data-leakage", _some([f"{a} ~ {b}" for a, b in report["leakage"]]))
    odd = {
        "quiet": {"db": QUIETER_OR_LOUDER_DB},
        "loud": {"db": QUIETER_OR_LOUDER_DB},
        "silent": {},
        "clipped": {},
        "long_captions": {"tokens": MAX_TEXT_TOKENS},
    }
    for key, limit in odd.items():
        if report[key]:
            yield check(f"data-{key.replace('_', '-')}", {**limit, **_some(report[key])})


def _duplicates(clips: Sequence[Clip]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        groups[clip.content].append(clip.row.named)
    return [names for names in groups.values() if len(names) > 1]


def _leakage(train: Sequence[Clip], valid: Sequence[Clip]) -> list[tuple[str, str]]:
    """Pairs of which more than half the distinct runs of 12 codes are the same: parts of one recording, for example."""
    runs: dict[bytes, set[int]] = defaultdict(set)
    for index, clip in enumerate(train):
        for gram in _grams(clip):
            runs[gram].add(index)
    found = []
    for clip in valid:
        grams = _grams(clip)
        shared: dict[int, int] = defaultdict(int)
        for gram in grams:
            for index in runs.get(gram, ()):
                shared[index] += 1
        worst = max(shared, key=lambda index: shared[index], default=None)
        if worst is not None and shared[worst] > SAME_SHARE * len(grams):
            found.append((clip.row.named, train[worst].row.named))
    return found


def _grams(clip: Clip) -> set[bytes]:
    """Runs of one code alone (silence, a held tone) say nothing and are left out."""
    codes = clip.codes[0].numpy()
    grams = (codes[i : i + GRAM] for i in range(len(codes) - GRAM + 1))
    return {gram.tobytes() for gram in grams if len(set(gram.tolist())) > 2}


def _named(clips: Any) -> list[str]:
    return [clip.row.named for clip in clips]


def _some(names: Sequence[str]) -> dict[str, Any]:
    """How many, and the first few."""
    shown = ", ".join(printable(name) for name in names[:5])
    return {"count": len(names), "names": f"{shown}, …" if len(names) > 5 else shown}
