"""One evaluation, from plan to index: what is missing is made in batches, whatever stands in the way is told."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import Model, fingerprint, same_weights
from errors import HumanError
from evaluation_folder import REPLACED, Clip, EvaluationFolder, Request
from progress import Progress
from prompts import Prompt, PromptSet
from runfiles import folder_lock
from sampling import Sampling

if TYPE_CHECKING:
    from batching import Batch, Sizes
    from launch import Processes
    from rendering import Renderer
    from stopping import StopRequest

STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Settings:
    """`batch_size` in clips, None for what fits; `dtype` is auto, fp16, bf16 or fp32."""

    model_path: str
    seeds: tuple[int, ...]
    batch_size: int | None
    sampling: Sampling
    dtype: str = "auto"


class Evaluation:
    """Makes one evaluation folder with a loaded model."""

    def __init__(
        self, settings: Settings, model: Any, tokenizer: Any, processes: Processes, request: StopRequest
    ) -> None:
        self.settings, self.model, self.tokenizer = settings, model, tokenizer
        self.processes, self.request = processes, request
        self.asked_at: float | None = None

    def run(self, run_dir: Path | None, output: Path, prompts: PromptSet, models: Sequence[Model]) -> int:
        """Returns 0, or 1 when clips failed. Raises HumanError: folder in use or no evaluation, disk full."""
        first, seeds = self.processes.first, self.settings.seeds
        _refuse_foreign(output)
        wanted = Request(prompts, tuple(models), seeds, self.settings.sampling.as_json(), self._base_print(), run_dir)
        with folder_lock(output, "an evaluation") if first else contextlib.nullcontext():
            folder = EvaluationFolder(output)
            moved = folder.prepare(wanted) if first else 0
            self.processes.wait()
            if not first:
                folder = EvaluationFolder(output)
                folder.prepare(wanted, write=False)
            asked = {(model.name, seed) for model in models for seed in seeds}
            clips = [clip for clip in folder.clips if (clip.model.name, clip.seed) in asked]
            todo = [clip for clip in clips if clip.fingerprint not in folder.done]
            if first:
                for one, other in same_weights(models):
                    say(f"{one} and {other} are the same adapter: their clips will be equal.")
                if moved:
                    say(f"{moved} clips that no longer fit were put aside in {output / REPLACED}.")
                if 0 < len(todo) < len(clips):
                    say(f"{len(clips) - len(todo)} of {len(clips)} clips are there already.")
            wanted_clips = {clip.fingerprint for clip in clips}
            by_all = partial(folder.count, wanted_clips) if self.processes.count > 1 else None
            with Progress(run_dir or output.parent, output, clips, folder.done, first, by_all) as progress:
                if todo:
                    self._make(folder, todo, prompts.prompts, models, progress)
                self.processes.wait()
                if first:
                    folder.finish()
                    progress.end("stopped" if self.request.asked else "completed")
            return 1 if progress.bad else 0

    def _make(
        self,
        folder: EvaluationFolder,
        todo: Sequence[Clip],
        prompts: Sequence[Prompt],
        models: Sequence[Model],
        progress: Progress,
    ) -> None:
        from batching import plan_batches
        from decode import Stopped
        from rendering import Renderer, is_out_of_memory

        sampling, dtype, text_tokens = self.settings.sampling, self._dtype(), self._text_tokens(prompts)
        sizes = self._sizes(folder, len(prompts), len(models), text_tokens, dtype)
        at_once = sizes.clips
        batches = plan_batches(prompts, models, self.settings.seeds, at_once, sizes.models)
        own = {key for batch in batches[self.processes.rank :: self.processes.count] for key in batch.clips()}
        missing = {key: clip for clip in todo if (key := (clip.model.name, clip.seed, clip.prompt.id)) in own}
        with Renderer(self.model, self.tokenizer, sampling, dtype, text_tokens, sizes.audio) as renderer:
            while missing:
                try:
                    self._run_batches(batches, renderer, folder, missing, progress)
                    return
                except Stopped:
                    return
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                    reason = str(error).splitlines()[0][:200]
                # Only here, where the error is gone, nothing holds the buffers that did not fit.
                renderer.forget_buffers()
                if at_once == 1:
                    raise HumanError(
                        "Memory does not suffice for a single clip of {seconds:g} s ({why}). Free memory, take a "
                        "shorter --duration, or another --device.",
                        "out-of-memory",
                        says="clip-memory",
                        seconds=sampling.duration_s,
                        why=reason,
                    )
                at_once //= 2
                batches = plan_batches(prompts, models, self.settings.seeds, at_once, sizes.models)
                renderer.audio_clips = max(1, renderer.audio_clips // 2)  # either may have been what did not fit
                say(f"Memory did not suffice; going on with {at_once} clips at once.")
                if self.processes.first:
                    told = [*folder.manifest["plan"].get("changes", []), f"{at_once} clips at once from here: {reason}"]
                    folder.record_plan(batch_size=at_once, audio_batch=renderer.audio_clips, changes=told)

    def _run_batches(
        self,
        batches: Sequence[Batch],
        renderer: Renderer,
        folder: EvaluationFolder,
        missing: dict[tuple[str, int, str], Clip],
        progress: Progress,
    ) -> None:
        from decode import Stopped

        def write(clip: Clip, wav: bytes, gain_db: float) -> None:
            folder.write_clip(clip, wav, gain_db)
            missing.pop((clip.model.name, clip.seed, clip.prompt.id))
            progress.made(clip)

        def fail(clip: Clip, why: str) -> None:
            missing.pop((clip.model.name, clip.seed, clip.prompt.id))
            progress.failed(clip, why)

        for batch in batches:
            if self.request.asked:
                raise Stopped
            clips = [missing[key] for key in batch.clips() if key in missing]
            if clips:
                renderer.render(batch, clips, write, fail, self._must_stop)
        renderer.wait()

    def _must_stop(self) -> bool:
        """A batch may end within STOP_SECONDS of the request, and is given up then."""
        if not self.request.asked:
            return False
        self.asked_at = self.asked_at or time.monotonic()
        return time.monotonic() - self.asked_at > STOP_SECONDS

    def _sizes(self, folder: EvaluationFolder, prompts: int, models: int, text_tokens: int, dtype: Any) -> Sizes:
        """What this evaluation began with, so that resuming is exact; the same for all processes."""
        from batching import CPU_CLIPS, MODELS_AT_ONCE, Sizes, free_bytes, needs_of, sizes_that_fit

        wanted, device, plan = self.settings.batch_size, self.model.device, folder.manifest["plan"]
        where = [str(device.type), str(dtype), self.processes.count, models, prompts]
        goes_on = plan.get("where") == where and wanted in (None, plan.get("asked"))
        if goes_on:
            sizes = Sizes(plan["batch_size"], plan.get("models_at_once", MODELS_AT_ONCE), plan["audio_batch"])
        else:
            share = -(-prompts // self.processes.count)
            needs = needs_of(self.model, text_tokens, self.settings.sampling, dtype)
            sizes = sizes_that_fit(
                free_bytes(device), needs, models, share, CPU_CLIPS if device.type == "cpu" else None
            )
            if wanted:
                clips = min(wanted, share * models)
                sizes = Sizes(clips, MODELS_AT_ONCE, min(clips, sizes.audio))
        sizes = Sizes(*self.processes.least([sizes.clips, sizes.models, sizes.audio]))
        if self.processes.first and not goes_on:
            folder.manifest["plan"] = {}
            folder.record_plan(
                batch_size=sizes.clips, models_at_once=sizes.models, audio_batch=sizes.audio, asked=wanted, where=where
            )
        return sizes

    def _text_tokens(self, prompts: Sequence[Prompt]) -> int:
        from musicgen import MAX_TEXT_TOKENS

        lengths = [len(ids) for ids in self.tokenizer([prompt.text for prompt in prompts])["input_ids"]]
        long = sum(length > MAX_TEXT_TOKENS for length in lengths)
        if long and self.processes.first:
            say(f"{long} prompts are longer than {MAX_TEXT_TOKENS} tokens: the model hears only their beginning.")
        return min(max(lengths), MAX_TEXT_TOKENS)

    def _dtype(self) -> Any:
        import torch

        name = self.settings.dtype
        if name == "auto":
            name = "fp16" if self.model.device.type == "cuda" else "fp32"
        return {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[name]

    def _base_print(self) -> str:
        folder = Path(self.settings.model_path)
        return fingerprint(folder) if folder.is_dir() else self.settings.model_path


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _refuse_foreign(output: Path) -> None:
    """An evaluation's folders are named like a run's, so it never goes into one."""
    if output.exists() and not output.is_dir():
        raise HumanError(
            "{file} is a file. Give --output_dir a folder.",
            "output-not-folder",
            says="evaluation-output-is-file",
            file=output,
        )
    if any((output / name).exists() for name in ("run.json", "adapter_config.json", "best_model/adapter_config.json")):
        raise HumanError(
            "{folder} holds a run or a checkpoint. Give --output_dir a folder of its own, such as {free}.",
            "output-is-run",
            says="evaluation-output-is-run",
            folder=output,
            free=output / "evaluation_full",
        )
