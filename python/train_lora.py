"""Fine-tunes MusicGen with LoRA (or whole) on clips with captions, and writes a run folder that Earmark reads.

    python train_lora.py --model_path ../models/musicgen-small --data_dir ../data --metadata_file metadata.json \
        --output_dir ../output_epoch1 --lora_rank 12 --lora_alpha 24 --learning_rate 1e-4 --batch_size 2 \
        --gradient_accumulation_steps 4 --num_epochs 1 --warmup_steps 50 --save_steps 200 --logging_steps 10 \
        --max_duration 15 --target_duration 15 --fp16

    python train_lora.py --output_dir ../output_epoch1 --resume        (flags are taken from its run.json)
    torchrun --nproc_per_node 2 train_lora.py …                        (or: accelerate launch train_lora.py …)

SIGTERM and Ctrl-C save a checkpoint and end the run as stopped. Exit code: 0 done, 2 refused, 143 or 130 stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from errors import HumanError, run_script
from musicgen import LORA_TARGETS
from options import add_data_options, count, fraction, not_negative, one_or_more, positive


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_argument_group("model and data")
    add = group.add_argument
    add("--model_path", help="folder of the base model, in the layout of facebook/musicgen-small")
    add("--data_dir", help="folder of the clips")
    add("--output_dir", help="folder of the run; a new one")
    add(
        "--target_duration",
        type=positive,
        help="training length in seconds (default: --max_duration); longer clips "
        "give a part chosen anew each epoch, shorter ones are padded and masked",
    )
    add_data_options(group)

    add = parser.add_argument_group("adapter").add_argument
    add("--lora_rank", type=one_or_more, default=16)
    add("--lora_alpha", type=positive, default=32.0)
    add("--lora_dropout", type=fraction, default=0.0)
    add(
        "--lora_target",
        default="attention",
        help=f"{', '.join(LORA_TARGETS)}, several joined by commas, all, or a regex of layer names",
    )
    add("--use_rslora", action="store_true", help="scale by alpha / sqrt(rank)")
    add("--use_dora", action="store_true", help="weight-decomposed LoRA (slower)")
    add("--full_finetune", action="store_true", help="train the whole decoder instead of an adapter")

    add = parser.add_argument_group("optimization").add_argument
    add("--learning_rate", type=positive, default=1e-4)
    add("--lr_schedule", choices=("linear", "cosine", "constant"), default="linear", help="after the warmup")
    add("--warmup_steps", type=count, default=50)
    add("--weight_decay", type=not_negative, default=0.0)
    add("--max_grad_norm", type=not_negative, default=1.0, help="0: no clipping")
    add("--batch_size", type=one_or_more, default=2, help="clips at a time on each GPU")
    add("--gradient_accumulation_steps", type=one_or_more, default=4)
    add("--num_epochs", type=positive, default=1.0)
    add("--max_steps", type=count, default=0, help="end after so many steps; 0: by epochs")
    add("--cfg_dropout", type=fraction, default=0.3, help="share of clips trained without their text")
    add("--early_stop", type=count, default=0, help="end after so many validations without a better one; 0: never")
    add("--seed", type=count, default=42)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--fp16", action="store_true", help="mixed precision with loss scaling")
    add("--bf16", action="store_true", help="mixed precision; the default where the GPU has it")
    add("--fp32", action="store_true", help="full precision")

    add = parser.add_argument_group("record").add_argument
    add("--save_steps", type=one_or_more, default=200, help="a checkpoint every so many steps")
    add("--eval_steps", type=count, default=0, help="validate every so many steps (default: --save_steps)")
    add("--logging_steps", type=one_or_more, default=10)
    add("--save_total_limit", type=count, default=5, help="numbered checkpoints to keep; 0: all")
    add("--sample_steps", type=count, default=0, help="let --sample_prompts be heard every so many steps; 0: never")
    add("--sample_prompts", help="prompt file for --sample_steps")
    add("--tensorboard", action="store_true", help="event files in OUTPUT_DIR/tensorboard as well")
    add("--parent_run", help="folder of the run that this one follows")
    add("--reason", default="", help="what changes against it, and why")

    add = parser.add_argument_group("start").add_argument
    add("--resume", nargs="?", const="latest", metavar="CHECKPOINT", help="go on from the newest checkpoint, or this")
    add("--allow_untrained_base", action="store_true", help="go on although the base model knows nothing of the data")
    add("--compile", choices=("auto", "on", "off"), default="auto", help="auto: on a GPU, for 1000 steps or more")
    add("--device", choices=("auto", "cpu"), default="auto")
    return parser


def main(args: argparse.Namespace) -> int:
    args = complete(args)
    from session import train

    return train(args)


def complete(args: argparse.Namespace, argv: list[str] | None = None) -> argparse.Namespace:
    """With --resume, flags that were not given are those of the run. Raises HumanError: a needed one is missing."""
    if args.resume:
        if not args.output_dir:
            raise HumanError(
                "--resume needs --output_dir, the folder of the run to go on with.", says="resume-without-folder"
            )
        path = Path(args.output_dir) / "run.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))["hyperparameters"]
        except (OSError, ValueError, KeyError, TypeError):
            raise HumanError(
                "{file} could not be read, so there is no run to resume in {folder}. Start without --resume in a new "
                "folder, or copy the run.json of that run back.",
                "resume-nothing",
                says="resume-without-record",
                file=path,
                folder=args.output_dir,
            ) from None
        parser = make_parser()
        parser.set_defaults(**{k: v for k, v in known.items() if hasattr(args, k) and k != "resume"})
        args = parser.parse_args(argv)
    for name in ("model_path", "data_dir", "output_dir"):
        if not getattr(args, name):
            raise HumanError(
                "--{flag} is missing. `python train_lora.py --help` shows an example.",
                "flag-missing",
                says="flag-missing",
                flag=name,
            )
    args.target_duration = args.target_duration or args.max_duration
    args.eval_steps = args.eval_steps or args.save_steps
    if args.sample_steps and not args.sample_prompts:
        raise HumanError(
            "--sample_steps needs --sample_prompts, a file of prompts.", "flag-missing", says="sample-prompts-missing"
        )
    return args


if __name__ == "__main__":
    run_script(make_parser, main)
