"""Prompt sets: what a person may write as the prompts of an evaluation, and how clips of them are named.

Accepted: a JSON list of strings or of objects, an object with such a list under "prompts", JSON Lines, a text file with
a prompt a line. An object has its words under one of TEXT_KEYS and may have an "id".
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import HumanError

TEXT_KEYS = ("prompt", "text", "caption", "description")
ID_KEYS = ("id", "prompt_id")
SLUG_LENGTH = 40


@dataclass(frozen=True)
class Prompt:
    """`number` is its place in the set, from 1."""

    id: str
    text: str
    number: int


@dataclass(frozen=True)
class PromptSet:
    path: Path
    sha256: str
    prompts: tuple[Prompt, ...]
    remarks: tuple[str, ...]
    """What was left out and why, in sentences."""


def read_prompts(path: Path) -> PromptSet:
    """The prompts of a file. Raises HumanError: no file, not readable, no prompt in it, one id for two texts."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise HumanError(
            "There is no prompt file {file} (looked in {looked}). Give --prompts a JSON, JSONL or text file.",
            "prompts-missing",
            says="prompts-missing",
            file=path,
            looked=Path.cwd(),
        ) from None
    except OSError as error:
        raise HumanError(
            "The prompt file {file} could not be read: {why}.",
            "prompts-unreadable",
            says="prompts-unreadable",
            file=path,
            why=error.strerror,
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HumanError(
            "The prompt file {file} is not UTF-8 (byte {byte}). Save it as UTF-8.",
            "prompts-unreadable",
            says="prompts-encoding",
            file=path,
            byte=error.start,
        ) from error
    entries = _entries(text, path)
    prompts, remarks = _prompts(entries, path)
    if not prompts:
        raise HumanError(
            "The prompt file {file} holds no prompt. Write at least one into it.",
            "prompts-empty",
            says="prompts-empty",
            file=path,
        )
    return PromptSet(path, hashlib.sha256(data).hexdigest(), tuple(prompts), tuple(remarks))


def prompt_id(text: str) -> str:
    """The id of a prompt to which its file gives none: inserting a prompt renumbers no other."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def clip_name(prompt: Prompt, further_seed: int | None = None) -> str:
    """`003_solo-cello.wav`, `003_solo-cello_s1.wav`: letters, digits, hyphens alone, whatever the words."""
    parts = [f"{prompt.number:03d}", slug(prompt.text)]
    if further_seed is not None:
        parts.append(f"s{further_seed}")
    return "_".join(part for part in parts if part) + ".wav"


def slug(text: str) -> str:
    """The first words of a text, joined by hyphens, at most 40 characters, of any script; empty where none are."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word
        if len(longer) > SLUG_LENGTH:
            return kept or word[:SLUG_LENGTH]
        kept = longer
    return kept


def _entries(text: str, path: Path) -> list[Any]:
    """What the file lists, each a string or an object."""
    stripped = text.strip()
    ending = path.suffix.lower()
    if ending == ".txt" or (ending not in (".json", ".jsonl") and not stripped.startswith(("[", "{"))):
        return [line.strip() for line in text.split("\n") if line.strip()]
    try:
        value = json.loads(stripped)
    except RecursionError:
        raise _not_json(path, "it is nested too deeply") from None
    except ValueError as error:
        return _lines(text, path, error)
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict) and not isinstance(value.get("prompts"), list):
        value = [value] if _text(value) is not None else _missing_list(path)
    entries = value["prompts"] if isinstance(value, dict) else value
    return entries if isinstance(entries, list) else _missing_list(path)


def _lines(text: str, path: Path, whole: ValueError) -> list[Any]:
    """JSON Lines. A file that is no JSON Lines either is told with what is wrong with it as JSON."""
    entries = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entries.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if not entries:
                raise _not_json(path, str(whole)) from error
            raise _not_json(path, f"line {number}: {error}") from error
    return entries


def _prompts(entries: list[Any], path: Path) -> tuple[list[Prompt], list[str]]:
    prompts: list[Prompt] = []
    by_id: dict[str, Prompt] = {}
    empty: list[int] = []
    doubled: list[str] = []
    for place, entry in enumerate(entries, 1):
        text = entry if isinstance(entry, str) else _text(entry)
        if text is None:
            raise HumanError(
                "Prompt {place} of {file} has no text. Give it as a string, or under one of {keys}.",
                "prompts-unclear",
                says="prompt-without-text",
                place=place,
                file=path,
                keys=", ".join(TEXT_KEYS),
            )
        text = unicodedata.normalize("NFC", text).strip()
        if not text:
            empty.append(place)
            continue
        given = _id(entry)
        prompt = Prompt(given or prompt_id(text), text, len(prompts) + 1)
        before = by_id.get(prompt.id)
        if before is None:
            by_id[prompt.id] = prompt
            prompts.append(prompt)
        elif before.text == text:
            doubled.append(str(place))
        else:
            raise HumanError(
                "Two prompts of {file} have the id {id!r}: {first!r} and {second!r}. Give each an id of its own, or "
                "none.",
                "prompts-doubled",
                says="prompts-same-id",
                file=path,
                id=prompt.id,
                first=_short(before.text),
                second=_short(text),
            )
    remarks = []
    if empty:
        remarks.append(f"{len(empty)} empty prompts were left out (number {', '.join(map(str, empty[:10]))}).")
    if doubled:
        remarks.append(f"{len(doubled)} prompts are there twice and count once (number {', '.join(doubled[:10])}).")
    return prompts, remarks


def _text(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None
    return next((entry[key] for key in TEXT_KEYS if isinstance(entry.get(key), str)), None)


def _id(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None
    for key in ID_KEYS:
        value = entry.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _not_json(path: Path, why: str) -> HumanError:
    return HumanError(
        "The prompt file {file} could not be read as JSON or JSON Lines: {why}.",
        "prompts-unreadable",
        says="prompts-json",
        file=path,
        why=why,
    )


def _missing_list(path: Path) -> Any:
    raise HumanError(
        '{file} is no list, and no object with a list under "prompts".',
        "prompts-unclear",
        says="prompts-shape",
        file=path,
    )
