"""HumanError: an English sentence, what it is made of, and that the editor has words for it."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import PYTHON_FOLDER

import checks
from errors import HumanError, plain

ROOT = PYTHON_FOLDER.parent
SAMPLES: dict[str, dict[str, Any]] = json.loads((ROOT / "test/unit/files/scriptErrors.json").read_text("utf-8"))
"""Of each name the values that the test of the editor's words puts into them."""

HEARD_ON_TERMINALS = {"check_training.py", "export.py", "forked.py", "scores.py"}
"""What these say is read in a log: they write no events, and doctor.py does not use them."""


class Raised(NamedTuple):
    where: str
    text: str | None
    says: str | None
    values: set[str]
    words: set[str]


def raised() -> Iterator[Raised]:
    """Every HumanError that is made anywhere in python/."""
    for file in sorted(PYTHON_FOLDER.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "HumanError":
                given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
                words = given.pop("words", None)
                text = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
                says = given.pop("says", None)
                yield Raised(
                    f"{file.name}:{call.lineno}",
                    text,
                    says.value if isinstance(says, ast.Constant) else None,
                    set(given),
                    {key.value for key in words.keys if isinstance(key, ast.Constant)}
                    if isinstance(words, ast.Dict)
                    else set(),
                )


ALL = list(raised())
NAMED = [one for one in ALL if one.says]


def test_every_sentence_that_an_editor_may_have_to_say_has_a_name() -> None:
    assert len(NAMED) > 70
    unnamed = {one.where.partition(":")[0] for one in ALL if not one.says}
    assert unnamed == HEARD_ON_TERMINALS


def test_every_name_is_known_to_the_editor_and_no_other() -> None:
    files = (ROOT / "src/files/scriptErrors").glob("of*.ts")
    known = [
        name for file in files for name in re.findall(r"^  '([a-z-]+)': sentence\(", file.read_text("utf-8"), re.M)
    ]
    names = [one.says for one in NAMED]
    assert sorted(names) == sorted(known) == sorted(SAMPLES)
    assert not set(names) & set(checks.SENTENCES)


@pytest.mark.parametrize("one", NAMED, ids=lambda one: one.says)
def test_a_sentence_is_made_of_its_values(one: Raised) -> None:
    assert one.text is not None, "an f-string would be formatted twice"
    used = {name for _, name, _, _ in string.Formatter().parse(one.text) if name is not None}
    assert used <= one.values | one.words
    assert one.values == set(SAMPLES[one.says or ""])
    assert "{" not in re.sub(r"\{\"audio\".*?\}", "", str(made(one)))


def made(one: Raised) -> HumanError:
    words = dict.fromkeys(one.words, "words")
    return HumanError(one.text or "", says=one.says or "", words=words, **SAMPLES[one.says or ""])


def test_what_a_record_has_beside_the_sentence_is_fit_for_json() -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    error = HumanError(
        "{file} of {count}: {list}{more}",
        says="x",
        words={"more": "!"},
        file=Path(name),
        count=2,
        list=(name, 1),
        none=None,
    )
    shown = r"caf\udce9.wav"
    assert str(error) == f"{shown} of 2: {[shown, 1]}!"
    assert error.parts == {"says": "x", "values": {"file": shown, "count": 2, "list": [shown, 1], "none": None}}
    json.dumps(error.parts).encode("utf-8")
    assert plain(ValueError("no")) == "no"


def test_a_sentence_without_a_name_is_no_template() -> None:
    error = HumanError("{curly} and {0}", "code")
    assert (str(error), error.code, error.parts) == ("{curly} and {0}", "code", {})
