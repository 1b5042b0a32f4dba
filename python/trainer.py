"""The training of train_lora.py: prepares, checks the base model, steps, validates, saves, ends in good order."""

from __future__ import annotations

import argparse
import contextlib
import math
from pathlib import Path
from typing import Any

import torch

import saving
from cache import Clip, Stopped
from dataset import Plan, fingerprint, split
from engine import Engine
from errors import HumanError
from forward import lower_frozen
from launch import Processes
from metadata import metadata_path, read_metadata
from musicgen import add_lora, base_of, load_model, load_tokenizer, trainable
from preparing import prepare_clips
from record import Record
from runfiles import Events, read_json, sha256_file
from runfolder import check_resume, find_checkpoint, start_record
from samples import make_samples
from schedule import learning_rate
from stopping import StopRequest

FRAME_RATE = 50
UNTRAINED = 0.92
"""At this share of ln V a model knows as good as nothing of the data."""


class Training:
    def __init__(self, args: argparse.Namespace, processes: Processes, events: Events, stop: StopRequest) -> None:
        self.args, self.processes, self.events, self.stop = args, processes, events, stop
        self.output = Path(args.output_dir)
        self.metadata = metadata_path(args.metadata_file, Path(args.data_dir))

    def run(self) -> None:
        args = self.args
        self.checkpoint = find_checkpoint(self.output, args.resume) if args.resume else None
        if self.processes.first:
            saving.remove_leftovers(self.output)
            self.run_file = start_record(self.output, args, self.checkpoint)
        self.record = Record(self.events, self.output, args, self.processes.first)
        self.events.write("status", state="preparing")
        self._load()
        step = self._resume() if self.checkpoint else 0
        if step == 0:
            self._check_base()
        if step >= self.total and self._is_finished():
            raise HumanError(
                "{folder} has all its {steps} steps already. For more, give --max_steps or --num_epochs.",
                "resume-complete",
                says="resume-complete",
                folder=self.output,
                steps=self.total,
            )
        self.events.write("status", state="training", **({"resumed_from": step} if self.checkpoint else {}))
        self.record.start(step, self.total, self.plan.steps_per_epoch)
        with contextlib.closing(self.record):
            last = self._loop(step)
            self._finish(last)

    def _is_finished(self) -> bool:
        """A training that was killed between its last step and its last checkpoint is not."""
        return (self.output / "final_model" / "checkpoint.json").is_file()

    def _load(self) -> None:
        """Model, data, adapter, optimizer."""
        args, processes = self.args, self.processes
        self.precision = _precision(args, processes, self.record)
        if processes.device.type == "cpu" and processes.first:
            self.record.say("No GPU: training on the CPU, which is slow for real models.")
        self.model: Any = load_model(args.model_path, processes.device)
        train_clips, self.valid_clips = self._prepare()
        config = base_of(self.model).config
        longest = config.decoder.max_position_embeddings / FRAME_RATE
        if args.target_duration > longest:
            raise HumanError(
                "MusicGen's positions end at {seconds:.1f} s: give a shorter --target_duration.",
                says="duration-beyond-positions",
                seconds=longest,
            )
        frames = math.ceil(args.target_duration * FRAME_RATE - 1e-6)
        longest_text = max(clip.text.shape[0] for clip in [*train_clips, *self.valid_clips])
        self.plan = Plan(
            train_clips,
            args.batch_size * args.gradient_accumulation_steps * processes.count,
            frames,
            args.cfg_dropout,
            args.seed,
        )
        self.total = args.max_steps or math.ceil(args.num_epochs * self.plan.steps_per_epoch)
        self.uniform_loss = math.log(config.decoder.vocab_size)
        self._make_trainable()
        if self.precision != "fp32":
            lower_frozen(self.model, torch.bfloat16 if self.precision == "bf16" else torch.float16)
        fused = processes.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(
            trainable(self.model), lr=args.learning_rate, weight_decay=args.weight_decay, fused=fused
        )
        self.engine = Engine(
            self.model,
            self.optimizer,
            processes,
            precision=self.precision,
            frames=frames,
            tokens=-(-longest_text // 8) * 8,
            micro=args.batch_size,
            accumulation=args.gradient_accumulation_steps,
            max_grad_norm=args.max_grad_norm,
            seed=args.seed,
            compiled=self._worth_compiling(),
        )

    def _worth_compiling(self) -> bool:
        """Compiling takes half a minute and makes steps a third shorter."""
        wish = self.args.compile
        return wish == "on" or (wish == "auto" and self.processes.device.type == "cuda" and self.total >= 1000)

    def _make_trainable(self) -> None:
        args = self.args
        torch.manual_seed(args.seed)
        if args.full_finetune:
            for part in (self.model.text_encoder, self.model.audio_encoder):
                part.requires_grad_(False)
            return
        self.model = add_lora(
            self.model,
            args.lora_rank,
            args.lora_alpha,
            args.lora_dropout,
            args.lora_target,
            use_rslora=args.use_rslora,
            use_dora=args.use_dora,
        )

    def _prepare(self) -> tuple[list[Clip], list[Clip]]:
        """The first process fills the cache, the others read it then."""
        args, processes = self.args, self.processes
        rows = read_metadata(self.metadata, Path(args.data_dir))
        tokenizer = load_tokenizer(args.model_path)
        for turn in (0, 1):
            if (turn == 0) == processes.first:
                prepared = prepare_clips(
                    args, rows, self.model, tokenizer, lambda: self.stop.asked, quiet=not processes.first
                )
            processes.wait()
        train_clips, valid_clips = split(prepared.clips, args.valid_fraction, args.seed)
        self.fingerprint = fingerprint(train_clips)
        if processes.first:
            data = {
                "metadata_sha256": sha256_file(self.metadata),
                "clips": len(prepared.clips),
                "train_clips": len(train_clips),
                "valid_clips": len(valid_clips),
                "hours": round(sum(clip.facts.seconds for clip in prepared.clips) / 3600, 4),
                "dropped": {reason: len(names) for reason, names in prepared.dropped.items()},
            }
            self.run_file.update(data=data)
            self.record.tell_data(prepared, train_clips, valid_clips)
        return train_clips, valid_clips

    def _check_base(self) -> None:
        """Measures the model before its first step, and refuses one that knows nothing."""
        clips = self.valid_clips or self.plan.clips[:32]
        ce = self.engine.validate(clips)
        loss = sum(ce) / len(ce)
        self.record.valid(0, loss, ce)
        if loss >= UNTRAINED * self.uniform_loss and not self.args.allow_untrained_base:
            raise HumanError(
                "Before its first step the model has a loss of {loss:.2f} on this data; knowing nothing is "
                "ln {codes} = {uniform:.2f}, and a pretrained MusicGen starts at 3.0 to 3.8. Either these are not "
                "trained weights, or audio and model do not belong together. Run doctor.py to see which. If the "
                "weights are random on purpose, give --allow_untrained_base.",
                "untrained-base",
                says="base-untrained",
                loss=loss,
                codes=round(math.exp(self.uniform_loss)),
                uniform=self.uniform_loss,
            )

    def _resume(self) -> int:
        state = saving.load_state(self.model, self.checkpoint, self.optimizer)
        check_resume(state, self.plan, self.fingerprint, self.checkpoint)
        if state["scaler"]:
            self.engine.scaler.load_state_dict(state["scaler"])
        best_file = self.output / "best_model" / "checkpoint.json"
        self.record.restore(state, best_file, self.processes.device)
        told = read_json(self.checkpoint / "checkpoint.json")
        if told.get("valid_loss") is not None:  # where nothing but the end is left to do, it is the final one's
            self.record.valid_at[state["step"]] = told["valid_loss"]
        if self.processes.count == 1 and self.processes.device.type == "cuda":
            self.record.say("On a GPU a resumed run equals an unbroken one up to rounding, not bit for bit.")
        return state["step"]

    def _loop(self, step: int) -> int:
        """Steps until the end, early stop, or a request to stop. Returns the last step."""
        args = self.args
        while step < self.total:
            step += 1
            self._step(step)
            ended = step == self.total
            if step % args.logging_steps == 0 or ended:
                self.record.train(step, self.processes, self.engine.scaler)
            if step % args.eval_steps == 0 or ended:
                self._validate(step)
                ended = ended or self.record.patience_over
            stopping = self.processes.any(self.stop.asked)
            sampling = args.sample_steps > 0 and step % args.sample_steps == 0
            if step % args.save_steps == 0 or ended or stopping or sampling:
                self._save_state(step)
            if sampling and not stopping and self.processes.first:
                self._samples(step)
            if stopping and not ended:
                self.processes.wait()
                raise Stopped
            if ended:
                break
        return step

    def _step(self, step: int) -> None:
        args = self.args
        rate = learning_rate(
            step, self.total, peak=args.learning_rate, warmup=args.warmup_steps, shape=args.lr_schedule
        )
        items = self.plan.items(step)
        while True:
            try:
                sums, norm, skipped = self.engine.step(step, items, rate)
                break
            except torch.cuda.OutOfMemoryError:
                if not self.engine.halve():
                    raise
                self.record.warn(
                    "out-of-memory",
                    f"The GPU's memory was too small: micro-batches have {self.engine.micro} clips from step {step} "
                    "on. The result is the same, but slower; a smaller --batch_size avoids it.",
                )
        self.record.add(items, self.engine, sums, norm, skipped, rate)

    def _validate(self, step: int) -> None:
        if not self.valid_clips:
            return
        ce = self.engine.validate(self.valid_clips)
        loss = sum(ce) / len(ce)
        if self.record.valid(step, loss, ce) and self.processes.first:
            self._save("best", "best_model", step, loss)

    def _save_state(self, step: int) -> None:
        state = {
            "fingerprint": self.fingerprint,
            "step_clips": self.plan.step_clips,
            "scaler": self.engine.scaler.state_dict(),
            **self.record.state(step, self.processes),
        }
        if self.processes.first:
            name = f"checkpoint-{step}"
            facts = self.record.facts(step)
            saving.save_state(self.model, self.output / name, facts, self.optimizer, state)
            self.events.write("checkpoint", name=name, step=step, path=name, loss=facts["valid_loss"])
            saving.remove_old(self.output, self.args.save_total_limit)

    def _save(self, name: str, folder: str, step: int, loss: float | None) -> None:
        saving.save_weights(self.model, self.output / folder, {**self.record.facts(step), "valid_loss": loss})
        self.events.write("checkpoint", name=name, step=step, path=folder, loss=loss)

    def _samples(self, step: int) -> None:
        reason = make_samples(self.args, self.output, f"checkpoint-{step}")
        if reason is not None:
            self.record.warn("samples", f"No samples of step {step}: {reason}")

    def _finish(self, step: int) -> None:
        if not self.processes.first:
            return
        loss = self.record.facts(step)["valid_loss"]
        self._save("final", "final_model", step, loss)
        if not self.valid_clips:
            self._save("best", "best_model", step, None)
            self.record.say(
                "No clip validates, so best_model is the last step too. Give more clips or --valid_fraction."
            )
        elif self.record.best_step == step:
            self.record.say("The best checkpoint is the final one: best_model and final_model are the same.")
        if saving.adapter_is_zero(self.model):
            self.record.warn("adapter-zero", "The adapter is still zero: it changes nothing. Check --learning_rate.")
        self.events.write("status", state="completed")
        self.record.say(f"Done: {step} steps, {self.output}")


def _precision(args: argparse.Namespace, processes: Processes, record: Record) -> str:
    """fp16, bf16 or fp32: what was asked for, as far as the device has it."""
    if processes.device.type == "cpu":
        if args.fp16 or args.bf16:
            record.say("Mixed precision is for GPUs: training in fp32 on the CPU.")
        return "fp32"
    if args.fp16 or args.fp32:
        return "fp16" if args.fp16 else "fp32"
    if torch.cuda.is_bf16_supported():
        return "bf16"
    if args.bf16:
        record.say("This GPU has no bf16: training in fp32. --fp16 is faster.")
    return "fp32"
