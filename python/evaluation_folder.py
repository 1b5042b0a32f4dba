"""An evaluation on disk, contract v1: evaluation.json, comparison_results.jsonl, a folder of WAV files a model.

Every clip has a fingerprint of all that decides how it sounds (words, id, model, scale, seed, sampling). A row whose
fingerprint is still planned is a finished clip, whatever its place in the prompt file. What no longer fits is moved to
`.replaced`, never deleted: somebody may have notes on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checkpoints import Model
from prompts import Prompt, PromptSet, clip_name
from runfiles import appearing, append_line, json_safe, read_json_lines, utc_now, write_json

INDEX = "comparison_results.jsonl"
MANIFEST = "evaluation.json"
REPLACED = ".replaced"
RATE = 32_000
WAV_HEADER = 44


@dataclass(frozen=True)
class Request:
    """What an evaluation is to hold. `base` is the fingerprint of the base model."""

    prompts: PromptSet
    models: tuple[Model, ...]
    seeds: tuple[int, ...]
    sampling: dict[str, float]
    base: str
    run_dir: Path | None = None


@dataclass(frozen=True)
class Clip:
    """`path` is relative to the evaluation."""

    prompt: Prompt
    model: Model
    seed: int
    fingerprint: str
    path: str


class EvaluationFolder:
    """Reads what is there when made; writes nothing before prepare()."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest = _read_manifest(root / MANIFEST)
        self.rows = _read_rows(root)
        self.clips: list[Clip] = []
        self.done: set[str] = set()
        self._lock = threading.Lock()

    def prepare(self, request: Request, write: bool = True) -> int:
        """Plans the clips of the request, finds those that are finished; returns how many old ones were put aside.

        Models and seeds of an earlier request stay part of the evaluation as long as its sampling is the same.
        """
        models, seeds = self._with_earlier(request)
        samples = round(request.sampling["duration_s"] * RATE)
        planned = [
            Clip(prompt, model, seed, _fingerprint(prompt, model, seed, request), "")
            for prompt in request.prompts.prompts
            for seed in seeds
            for model in models
        ]
        wanted = {clip.fingerprint for clip in planned}
        kept = {
            str(row.get("fingerprint")): path
            for path, row in self.rows.items()
            if row.get("fingerprint") in wanted and self._is_whole(path, samples)
        }
        fitting = set(kept.values())
        old = [path for path in self.rows if path not in fitting]
        taken = set(fitting)
        self.clips = []
        for clip in planned:
            path = kept.get(clip.fingerprint) or _free_path(clip, seeds, taken)
            taken.add(path)
            self.clips.append(replace(clip, path=path))
        self.done = set(kept)
        self.manifest = {
            "v": 1,
            "prompts": {
                "path": _relative(request.prompts.path, self.root),
                "sha256": request.prompts.sha256,
                "count": len(request.prompts.prompts),
            },
            "models": [_model_entry(model, request.run_dir) for model in models],
            "seeds": list(seeds),
            "sampling": request.sampling,
            "base_sha256": request.base,
            "plan": self.manifest.get("plan", {}),
        }
        config = {key: value for key, value in self.manifest.items() if key != "plan"}
        self.manifest["config_sha256"] = _sha256(config)
        moved = 0
        if write:
            self._remove_leftovers()
            moved = sum(self._put_aside(path) for path in old)
            self.rows = {path: row for path, row in self.rows.items() if path in fitting}
            if old:
                self._write_index()
            write_json(self.root / MANIFEST, self.manifest)
        return moved

    def record_plan(self, **plan: Any) -> None:
        """Sizes of batches are part of the record: audio is only the same, bit for bit, where they are."""
        self.manifest["plan"] = {**self.manifest["plan"], **plan}
        write_json(self.root / MANIFEST, self.manifest)

    def write_clip(self, clip: Clip, wav: bytes, gain_db: float = 0.0) -> None:
        """The WAV file appears whole, then its row. May be called by several threads. Raises HumanError: disk full."""
        with appearing(self.root / clip.path, durable=False) as temporary:
            temporary.write_bytes(wav)
        row = {
            "prompt_id": clip.prompt.id,
            "prompt": clip.prompt.text,
            "model": clip.model.name,
            "path": clip.path,
            "seed": clip.seed,
            "duration_s": (len(wav) - WAV_HEADER) / 2 / RATE,
            "sample_rate": RATE,
            "sha256": hashlib.sha256(wav).hexdigest(),
            "generated": utc_now(),
            "fingerprint": clip.fingerprint,
        }
        if gain_db:
            row["gain_db"] = round(gain_db, 2)
        with self._lock:
            append_line(self.root / INDEX, row)
            self.rows[clip.path] = row
            self.done.add(clip.fingerprint)

    def count(self, fingerprints: Collection[str]) -> int:
        """How many of these clips the index has by now, whoever made them."""
        return sum(row.get("fingerprint") in fingerprints for row in _read_rows(self.root).values())

    def finish(self) -> None:
        """Puts the index in order: by prompt, then seed, then model, each clip once; also what others appended."""
        self.rows = _read_rows(self.root)
        self._write_index()

    def _write_index(self) -> None:
        order = {clip.path: place for place, clip in enumerate(self.clips)}
        rows = sorted(self.rows.values(), key=lambda row: order.get(row["path"], len(order)))
        text = "".join(json.dumps(json_safe(row), ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        with appearing(self.root / INDEX) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _with_earlier(self, request: Request) -> tuple[list[Model], list[int]]:
        models, seeds = list(request.models), list(request.seeds)
        before = self.manifest
        if before.get("sampling") != request.sampling or before.get("base_sha256") != request.base:
            return models, seeds
        known = {model.name for model in models}
        entries = [entry for entry in before.get("models", []) if isinstance(entry, dict)]
        models += [_earlier_model(entry) for entry in entries if entry.get("name") not in known]
        names = [entry.get("name") for entry in entries]
        # The order of a first request stays: base, best, final, then what was added.
        models.sort(key=lambda model: names.index(model.name) if model.name in names else len(names))
        earlier = [seed for seed in before.get("seeds", []) if isinstance(seed, int)]
        return models, earlier + [seed for seed in seeds if seed not in earlier]

    def _is_whole(self, path: str, samples: int) -> bool:
        if Path(path).is_absolute() or ".." in Path(path).parts:
            return False
        try:
            return (self.root / path).stat().st_size == WAV_HEADER + 2 * samples
        except OSError:
            return False

    def _put_aside(self, path: str) -> int:
        file = self.root / path
        if Path(path).is_absolute() or ".." in Path(path).parts or not file.is_file():
            return 0
        target = self.root / REPLACED / Path(path).parent / f"{_file_sha(file)[:8]}_{file.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
        return 1

    def _remove_leftovers(self) -> None:
        """Half-written files of a process that was killed; this one holds the folder's lock."""
        for folder in [self.root, *(path for path in self.root.iterdir() if path.is_dir())]:
            for file in folder.glob(".*.tmp"):
                file.unlink(missing_ok=True)


def _fingerprint(prompt: Prompt, model: Model, seed: int, request: Request) -> str:
    return _sha256(
        {
            "id": prompt.id,
            "text": prompt.text,
            "model": [model.name, model.sha256, model.scale],
            "seed": seed,
            "sampling": request.sampling,
            "base": request.base,
        }
    )


def _free_path(clip: Clip, seeds: Sequence[int], taken: Collection[str]) -> str:
    """The clip's name by the layout; a number more where another clip has it since prompts were added or removed."""
    name = clip_name(clip.prompt, None if clip.seed == seeds[0] else clip.seed)
    path, again = f"{clip.model.output_folder}/{name}", 1
    while path in taken:
        again += 1
        path = f"{clip.model.output_folder}/{name[: -len('.wav')]}-{again}.wav"
    return path


def _model_entry(model: Model, run_dir: Path | None) -> dict[str, Any]:
    adapter = None
    if model.folder is not None:
        adapter = str(model.folder) if run_dir is None else _relative(model.folder, run_dir)
    return {
        "name": model.name,
        "adapter": adapter,
        "step": model.step,
        "scale": model.scale,
        "sha256": model.sha256,
    }


def _earlier_model(entry: dict[str, Any]) -> Model:
    adapter = entry.get("adapter")
    return Model(
        name=str(entry.get("name")),
        folder=Path(adapter) if isinstance(adapter, str) else None,
        scale=float(entry.get("scale", 1.0)),
        step=entry.get("step"),
        sha256=entry.get("sha256"),
    )


def _read_rows(root: Path) -> dict[str, dict[str, Any]]:
    """The last row of each path."""
    return {row["path"]: row for row in read_json_lines(root / INDEX) if isinstance(row.get("path"), str)}


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path, start)).as_posix()


def _sha256(value: Any) -> str:
    text = json.dumps(json_safe(value), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _file_sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
