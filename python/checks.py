"""What doctor.py can say: each thing under a stable code, with the English that its values are put into.

An editor has words of its own for each code (src/jobs/doctorWords.ts; of errors src/files/scriptErrors.ts); one that
it does not know it shows in English.
Standard library alone: this also runs where nothing is installed yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from errors import HumanError, plain, printable


@dataclass(frozen=True)
class Check:
    """`state` is ok, warning or failed; `fix` is a command or a sentence, empty when nothing is to be done.

    `code` and `values` (JSON-plain) say the same as `name`, `text` and `fix`, for programs.
    """

    name: str
    state: str
    text: str
    fix: str
    code: str
    values: dict[str, Any]


class Sentence(NamedTuple):
    """Templates for str.format."""

    name: str
    state: str
    text: str
    fix: str = ""


_GPU = "{gpu}, {free_gb:.1f} of {total_gb:.1f} GB free, CUDA {cuda}"
_DISK = "{free_gb:.1f} GB free at {folder}"
_ON_CPU = "training and evaluation run on the CPU, slowly."
_LOSS = (
    "{true_delay:.2f} before training (knowing nothing: {uniform:.2f}; pretrained: 3.0 to 3.8); without the delay of "
    "the codebooks {no_delay:.2f}, with the reverse {reversed_delay:.2f}"
)

SENTENCES = {
    "python": Sentence("python", "ok", "{version} at {path}"),
    "python-old": Sentence("python", "failed", "{version} at {path} is too old.", "Use Python {least} or newer."),
    "packages": Sentence("packages", "ok", "{packages}"),
    "package-missing": Sentence("{package}", "failed", "is not installed.", "{command}"),
    "package-old": Sentence(
        "{package}", "failed", "{version} is too old; {least} or newer is needed.", "{command} --upgrade"
    ),
    "disk": Sentence("disk", "ok", _DISK),
    "disk-low": Sentence("disk", "warning", _DISK, "Make room: checkpoints and clips may need {needed_gb:.0f} GB."),
    "gpu": Sentence("gpu", "ok", _GPU),
    "gpu-busy": Sentence("gpu", "warning", _GPU, "Another process uses its memory: see nvidia-smi."),
    "gpu-unused": Sentence("gpu", "warning", f"not used (--device cpu): {_ON_CPU}"),
    "gpu-none": Sentence("gpu", "warning", f"none that torch {{torch}} can use: {_ON_CPU}"),
    "model": Sentence("model", "ok", "{millions} million parameters, complete, at {folder}"),
    "forward-pass": Sentence("forward pass", "ok", "one second of music in {seconds:.2f} s"),
    "forward-pass-broken": Sentence(
        "forward pass", "failed", "gives NaN or infinite values.", "The weights are damaged: copy them again."
    ),
    "data": Sentence(
        "data",
        "ok",
        "{clips} of {rows} rows can be used: {hours} h, {captions} different captions; {train} train and {valid} "
        "validate.",
    ),
    "data-dropped": Sentence("data", "warning", "Dropped, {words}: {count} ({names})."),
    "data-changed": Sentence("data", "ok", "{count} clips are {words}."),
    "data-duplicates": Sentence(
        "data", "ok", "The same audio more than once (kept on one side of the split): {count} ({names})."
    ),
    "data-leakage": Sentence(
        "data",
        "warning",
        "Valid clips that share audio with train clips, so that the valid loss flatters: {count} ({names}).",
    ),
    "data-quiet": Sentence("data", "warning", "More than {db:.0f} dB quieter than the median: {count} ({names})."),
    "data-loud": Sentence("data", "warning", "More than {db:.0f} dB louder than the median: {count} ({names})."),
    "data-silent": Sentence("data", "warning", "Silent for more than half their length: {count} ({names})."),
    "data-clipped": Sentence("data", "warning", "Clipped: {count} ({names})."),
    "data-long-captions": Sentence("data", "warning", "Captions cut at {tokens} tokens: {count} ({names})."),
    "base-loss": Sentence("base loss", "ok", _LOSS),
    "base-loss-untrained": Sentence(
        "base loss",
        "failed",
        _LOSS,
        "These weights know nothing of this data: random weights, or audio of another codec. Check --model_path. "
        "Training needs --allow_untrained_base to go on.",
    ),
    "base-loss-delay": Sentence(
        "base loss",
        "warning",
        _LOSS,
        "The true delay should be clearly the lowest: the codes do not fit the model. Check the audio.",
    ),
    "planned-run": Sentence("planned run", "ok", "{steps} steps, about {duration}"),
    "planned-run-gpu": Sentence("planned run", "ok", "{steps} steps, about {duration}, {peak_gb:.1f} GB of GPU memory"),
    "planned-run-memory": Sentence(
        "planned run",
        "failed",
        "The GPU's memory is too small for --batch_size {batch}.",
        "Use half of it and twice the --gradient_accumulation_steps: the result is the same.",
    ),
}


def check(code: str, values: dict[str, Any], **words: object) -> Check:
    """`words` are what only the English needs besides."""
    fit = {key: plain(value) for key, value in values.items()}
    name, state, text, fix = SENTENCES[code]
    name, text, fix = (part.format(**fit, **words) for part in (name, text, fix))
    return Check(name, state, text, fix, code, fit)


def failed(error: HumanError) -> Check:
    """The last line of a report that `error` ended. A sentence without a name keeps the code that it came with."""
    code = error.says or error.code
    name = "model" if code.startswith(("model-", "tokenizer-")) else "data"
    return Check(name, "failed", printable(str(error)), "", code, error.values)
