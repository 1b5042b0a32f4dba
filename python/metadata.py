"""Metadata files → rows of (audio file, caption). Accepts the shapes that people have."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from errors import HumanError

AUDIO_KEYS = ("audio", "path", "file_name", "audio_path", "filename", "file", "wav")
TEXT_KEYS = ("text", "caption", "description", "prompt", "captions")
LIST_KEYS = ("data", "items", "clips", "samples", "train")


@dataclass(frozen=True)
class Row:
    """One line of the metadata. `audio` is None when it names no audio; `text` may be empty."""

    audio: Path | None
    text: str
    named: str  # as the metadata names it, for messages


def read_metadata(file: Path, data_dir: Path) -> list[Row]:
    """A JSON list, an object that holds one, or JSONL. Relative audio paths start at `data_dir`.

    An absolute path of another machine is found again below `data_dir` by its tail. Raises HumanError that says what
    is wrong where: missing, not UTF-8, not JSON (with the line), no rows, no known keys.
    """
    values = _values(file)
    if not values:
        raise HumanError(
            "{file} has no rows. Each row needs an audio file and a caption.",
            "metadata-empty",
            says="metadata-empty",
            file=file,
        )
    rows = [_row(value, data_dir) for value in values]
    if all(row.audio is None for row in rows):
        example = values[0]
        keys = ", ".join(example) if isinstance(example, dict) else type(example).__name__
        raise HumanError(
            "No row of {file} names an audio file (the first has: {keys}). "
            "Use one of {audio} for the file and {caption} for the caption.",
            "metadata-keys",
            says="metadata-no-audio",
            file=file,
            keys=keys,
            audio=", ".join(AUDIO_KEYS[:3]),
            caption=", ".join(TEXT_KEYS[:4]),
        )
    if not any(row.text for row in rows):
        raise HumanError(
            "No row of {file} has a caption. Put it under one of {caption}.",
            "metadata-keys",
            says="metadata-no-caption",
            file=file,
            caption=", ".join(TEXT_KEYS[:4]),
        )
    return rows


def metadata_path(name: str, data_dir: Path) -> Path:
    """The metadata file: in `data_dir`, or where the path leads from here. Raises HumanError: no such file."""
    if not data_dir.is_dir():
        raise HumanError(
            "There is no data folder {folder} (looked in {looked}). Give --data_dir the folder of the clips.",
            "data-missing",
            says="data-folder-missing",
            folder=data_dir,
            looked=Path.cwd(),
        )
    for path in (data_dir / name, Path(name)):
        if path.is_file():
            return path
    raise HumanError(
        "There is no metadata file {file}. Give --metadata_file a JSON list or JSONL with a row a clip.",
        "metadata-missing",
        says="metadata-missing",
        file=data_dir / name,
    )


def _values(file: Path) -> list[Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise HumanError(
            "{file} is not UTF-8 text (byte {byte}). Save it as UTF-8 and start again.",
            "metadata-encoding",
            says="metadata-encoding",
            file=file,
            byte=error.start,
        ) from None
    except OSError as error:
        raise HumanError(
            "{file} could not be read: {why}.",
            "metadata-missing",
            says="metadata-unreadable",
            file=file,
            why=error.strerror,
        ) from None
    if file.suffix.lower() != ".jsonl":
        try:
            return _list_in(json.loads(text), file)
        except json.JSONDecodeError as error:
            if "Extra data" not in error.msg:
                raise HumanError(
                    "{file} is not valid JSON: {why} at line {line}, column {column}.",
                    "metadata-json",
                    says="metadata-json",
                    file=file,
                    why=error.msg,
                    line=error.lineno,
                    column=error.colno,
                ) from None
    values = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise HumanError(
                    "Line {line} of {file} is not valid JSON: {why} at column {column}.",
                    "metadata-json",
                    says="metadata-json-line",
                    line=number,
                    file=file,
                    why=error.msg,
                    column=error.colno,
                ) from None
    return values


def _list_in(value: Any, file: Path) -> list[Any]:
    if isinstance(value, dict):
        for key in LIST_KEYS:
            if isinstance(value.get(key), list):
                return value[key]
        if any(key in value for key in AUDIO_KEYS):
            return [value]
    if not isinstance(value, list):
        raise HumanError(
            '{file} holds no list of rows. Write [{{"audio": …, "text": …}}, …].',
            "metadata-shape",
            says="metadata-shape",
            file=file,
        )
    return value


def _row(value: Any, data_dir: Path) -> Row:
    if not isinstance(value, dict):
        return Row(None, "", str(value)[:200])
    audio = next((value[key] for key in AUDIO_KEYS if value.get(key)), None)
    if isinstance(audio, dict):  # as Hugging Face data sets have it
        audio = audio.get("path")
    text = next((value[key] for key in TEXT_KEYS if value.get(key)), "")
    if isinstance(text, list):
        text = text[0] if text else ""
    named = audio if isinstance(audio, str) else ""
    return Row(_find(named, data_dir) if named else None, " ".join(str(text).split()), named)


def _find(named: str, data_dir: Path) -> Path:
    path = data_dir / named
    if os.path.exists(path):  # unlike Path.exists, it takes names that no file can have
        return path
    parts = (PureWindowsPath(named) if "\\" in named else PurePosixPath(named)).parts
    for start in range(1, len(parts)):
        tail = data_dir.joinpath(*parts[start:])
        if os.path.exists(tail):
            return tail
    return path
