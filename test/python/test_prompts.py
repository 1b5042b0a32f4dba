"""Prompt files in every accepted form, broken forms, and what clips of hostile prompts are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from errors import HumanError
from prompts import Prompt, clip_name, prompt_id, read_prompts, slug

TEXTS = ["solo cello, slow", "techno at 130 BPM"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.json", json.dumps(TEXTS)),
        ("p.json", json.dumps([{"prompt": TEXTS[0]}, {"caption": TEXTS[1]}])),
        ("p.json", json.dumps({"prompts": [TEXTS[0], {"text": TEXTS[1]}]})),
        ("p.jsonl", "\n".join(json.dumps({"description": text}) for text in TEXTS) + "\n"),
        ("p.jsonl", "\n\n".join(json.dumps(text) for text in TEXTS)),
        ("p.txt", "\n".join(TEXTS)),
        ("p.txt", "\ufeff" + TEXTS[0] + "\r\n\r\n  " + TEXTS[1] + "  \r\n"),
        ("prompts", "\n".join(TEXTS)),
    ],
)
def test_every_form_gives_the_same_prompts(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    found = read_prompts(file).prompts
    assert [prompt.text for prompt in found] == TEXTS
    assert [prompt.number for prompt in found] == [1, 2]
    assert found[0].id == prompt_id(TEXTS[0])


def test_one_object_a_file_is_one_prompt(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text('{"prompt": "only one", "id": 7}\n', encoding="utf-8")
    assert [(p.id, p.text) for p in read_prompts(file).prompts] == [("7", "only one")]


def test_inserting_a_prompt_renumbers_no_id(tmp_path: Path) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    before.write_text(json.dumps(TEXTS), encoding="utf-8")
    after.write_text(json.dumps([TEXTS[0], "new", TEXTS[1]]), encoding="utf-8")
    ids = {p.text: p.id for p in read_prompts(after).prompts}
    assert all(ids[p.text] == p.id for p in read_prompts(before).prompts)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "holds no prompt"),
        ("", "could not be read as JSON|no prompt"),
        ('["", "  "]', "holds no prompt"),
        ('[{"title": "x"}]', "Prompt 1 of .* has no text"),
        ("7", "no list"),
        ("[1]", "Prompt 1 of .* has no text"),
        ('{"a": 1}', "no object with a list"),
        ('["a", "b"', "could not be read as JSON"),
        ('{"prompt": "a"}\n{"prompt": ', "line 2"),
        ("[" * 100_000, "nested|JSON"),
        ('[{"id": "x", "prompt": "a"}, {"id": "x", "prompt": "b"}]', "have the id 'x'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(HumanError, match=says):
        read_prompts(file)


def test_missing_foreign_and_other_encodings_are_told(tmp_path: Path) -> None:
    with pytest.raises(HumanError, match="no prompt file"):
        read_prompts(tmp_path / "none.json")
    with pytest.raises(HumanError, match="could not be read"):
        read_prompts(tmp_path)
    latin = tmp_path / "p.txt"
    latin.write_bytes("café".encode("latin-1"))
    with pytest.raises(HumanError, match="not UTF-8"):
        read_prompts(latin)


def test_doubled_and_empty_prompts_count_once_and_are_told(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(["a", "", "b", "a", " b "]), encoding="utf-8")
    found = read_prompts(file)
    assert [p.text for p in found.prompts] == ["a", "b"]
    assert [p.number for p in found.prompts] == [1, 2]
    assert "1 empty" in found.remarks[0]
    assert "number 4, 5" in found.remarks[1]


def test_five_thousand_prompts(tmp_path: Path) -> None:
    file = tmp_path / "p.txt"
    file.write_text("\n".join(f"prompt number {i}" for i in range(5000)), encoding="utf-8")
    found = read_prompts(file).prompts
    assert len({p.id for p in found}) == 5000
    assert clip_name(found[-1]) == "5000_prompt-number-4999.wav"


HOSTILE = [
    "../../etc/passwd",
    "a/b\\c",
    "$(rm -rf ~)",
    "`id`; 'quote' \"double\"",
    "line\nbreak\ttab\0nul",
    "🎷🎸 only 🎺",
    "🎷🎸",
    "x" * 300,
    "-rf",
    "CON",
    "..",
    "é" * 300,
    "ambient; " * 60,
    "右から左へ ← العربية",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_prompts_give_safe_names(text: str) -> None:
    name = clip_name(Prompt("x", text, 3), further_seed=1)
    assert name.startswith("003_")
    assert name.endswith("_s1.wav")
    assert len(name.encode()) <= 180
    assert all(c.isalnum() or c in "-_." for c in name), name
    assert ".." not in name


def test_slugs_read_like_the_prompt() -> None:
    assert slug("Solo cello, slow & lyrical: long bowed notes in D minor") == "solo-cello-slow-lyrical-long-bowed-notes"
    assert slug("古筝独奏") == "古筝独奏"
    assert slug("!!!") == ""
    assert clip_name(Prompt("x", "!!!", 7)) == "007.wav"
