"""Metadata, audio, the cache, the report: what people have, and what is wrong with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from conftest import RATE, script_argv, write_clips

import cache
import musicgen
from audio import Dropped, read_audio
from cache import Cache, Cut
from datareport import data_report, report_lines
from dataset import split
from errors import HumanError
from metadata import Row, metadata_path, read_metadata


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return musicgen.load_model(tiny_model)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return musicgen.load_tokenizer(tiny_model)


def tone(seconds: float, rate: int = RATE, hertz: float = 220.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


ACCEPTED = {
    "list": '[{"audio": "a.wav", "text": "solo cello"}]',
    "other keys": '[{"file_name": "a.wav", "caption": "solo cello"}]',
    "description": '[{"path": "a.wav", "description": "solo cello"}]',
    "nested audio": '[{"audio": {"path": "a.wav"}, "prompt": "solo cello"}]',
    "in an object": '{"data": [{"audio": "a.wav", "text": "solo cello"}]}',
    "jsonl": '{"audio": "a.wav", "text": "solo cello"}\n\n{"audio": "a.wav", "text": "solo cello"}\n',
    "byte order mark": '\ufeff[{"audio": "a.wav", "text": "solo\\n cello "}]',
    "several captions": '[{"audio": "a.wav", "captions": ["solo cello", "cello"]}]',
    "another machine": '[{"audio": "/mnt/old/data/a.wav", "text": "solo cello"}]',
    "another system": '[{"audio": "C:\\\\music\\\\a.wav", "text": "solo cello"}]',
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_metadata_that_people_have(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "metadata.json").write_text(content, encoding="utf-8")
    rows = read_metadata(tmp_path / "metadata.json", tmp_path)
    assert {(row.audio, row.text) for row in rows} == {(tmp_path / "a.wav", "solo cello")}


REFUSED = {
    "empty": ("", "not valid JSON|no rows"),
    "no rows": ("[]", "no rows"),
    "torn": ('[{"audio": "a.wav", "te', "not valid JSON: .* line 1"),
    "torn line": ('{"audio": "a.wav", "text": "x"}\n{"aud', "Line 2 .* not valid JSON"),
    "a number": ("7", "no list of rows"),
    "strange keys": ('[{"sound": "a.wav", "words": "x"}]', "names an audio file .*sound, words"),
    "no captions": ('[{"audio": "a.wav"}]', "has a caption"),
    "strings": ('["a.wav"]', "names an audio file"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED)
def test_broken_metadata_is_told(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(content, encoding="utf-8")
    with pytest.raises(HumanError, match=said):
        read_metadata(tmp_path / "metadata.json", tmp_path)


def test_metadata_not_in_utf8_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_bytes('[{"audio": "é.wav"}]'.encode("latin-1"))
    with pytest.raises(HumanError, match="not UTF-8"):
        read_metadata(tmp_path / "metadata.json", tmp_path)
    with pytest.raises(HumanError, match="no metadata file"):
        metadata_path("other.json", tmp_path)
    with pytest.raises(HumanError, match="no data folder"):
        metadata_path("metadata.json", tmp_path / "nowhere")


def test_100000_rows_and_hostile_names(tmp_path: Path) -> None:
    names = [
        "x" * 300 + ".wav",
        "a\0b.wav",
        "'; rm -rf / #.wav",
        "$(reboot).wav",
        "\n.wav",
        "🎻.wav",
        "../../etc/passwd",
    ]
    rows = [{"audio": name, "text": "solo"} for name in names]
    rows += [{"audio": f"/old/{i}.wav", "text": "solo"} for i in range(100_000)]
    (tmp_path / "metadata.json").write_text(json.dumps(rows))
    read = read_metadata(tmp_path / "metadata.json", tmp_path)
    assert len(read) == 100_007
    assert [row.named for row in read[:7]] == names


AUDIO = {
    "44.1 kHz stereo": (44_100, 2, 2.0, ["mixed", "resampled"]),
    "48 kHz": (48_000, 1, 2.0, ["resampled"]),
    "8 kHz": (8_000, 1, 2.0, ["resampled"]),
    "exactly max_duration": (RATE, 1, 3.0, []),
    "exactly max_duration at 44.1 kHz": (44_100, 1, 3.0, ["resampled"]),
    "six channels": (RATE, 6, 1.5, ["mixed"]),
    "longer": (RATE, 1, 4.0, ["cropped"]),
}


@pytest.mark.parametrize(("rate", "channels", "seconds", "notes"), AUDIO.values(), ids=AUDIO)
def test_audio_of_any_rate_and_channels(
    rate: int, channels: int, seconds: float, notes: list[str], tmp_path: Path
) -> None:
    samples = np.stack([tone(seconds, rate)] * channels, axis=1)
    soundfile.write(tmp_path / "a.wav", samples, rate)
    mono, facts = read_audio(tmp_path / "a.wav", RATE, 3.0, crop=True)
    assert len(mono) == round(min(seconds, 3.0) * RATE)
    assert facts.notes == notes
    assert abs(facts.rms_dbfs - 20 * np.log10(0.3 / np.sqrt(2))) < 0.2
    crossings = np.sum(np.diff(np.signbit(mono).astype(int)) < 0) / (len(mono) / RATE)
    assert abs(crossings - 220) < 2


@pytest.mark.parametrize("container", ["flac", "ogg", "mp3"])
def test_other_containers(container: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / f"a.{container}", tone(2.0), RATE)
    assert abs(len(read_audio(tmp_path / f"a.{container}", RATE, 3.0, crop=True)[0]) - 2 * RATE) < 0.1 * RATE


def test_what_cannot_be_used_is_dropped_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(os.urandom(5000))
    (tmp_path / "nothing.wav").write_bytes(b"")
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, tone(2.0), RATE)
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    reasons = {"noise.wav": "unreadable", "nothing.wav": "unreadable", "nan.wav": "not_finite", "empty.wav": "empty"}
    for name, reason in {**reasons, "gone.wav": "missing", ".": "missing"}.items():
        with pytest.raises(Dropped, match=reason):
            read_audio(tmp_path / name, RATE, 3.0, crop=True)
    with pytest.raises(Dropped, match="too_long"):
        read_audio(whole, RATE, 1.0, crop=False)


def test_a_three_hour_file_is_read_at_its_beginning_alone(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, tone(2.0, 8000), 8000, subtype="PCM_U8")
    frames = 3 * 3600 * 8000
    with open(path, "r+b") as file:
        head = bytearray(file.read(44))
        head[4:8], head[40:44] = (36 + frames).to_bytes(4, "little"), frames.to_bytes(4, "little")
        file.seek(0)
        file.write(head)
        file.truncate(44 + frames)
    mono, facts = read_audio(path, RATE, 3.0, crop=True)
    assert (len(mono), facts.file_seconds, facts.notes) == (3 * RATE, 10_800, ["cropped", "resampled"])


def rows_of(folder: Path, count: int) -> list[Row]:
    write_clips(folder, count, seconds=1.5)
    return read_metadata(folder / "metadata.json", folder)


def test_codes_and_states_are_those_of_the_model_and_come_back_from_the_cache(
    model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "data", 3)
    first = Cache(tmp_path / "cache", model, tokenizer, batch=2).prepare(rows, Cut())
    samples = torch.from_numpy(soundfile.read(rows[1].audio, dtype="float32")[0])[None]
    assert torch.equal(first.clips[1].codes.long(), musicgen.encode_audio(model, samples)[0])
    alone = musicgen.encode_text(model, tokenizer, [rows[1].text])[0]
    torch.testing.assert_close(first.clips[1].text, alone.half(), rtol=1e-2, atol=1e-3)
    again = Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut())
    assert (first.encoded, again.encoded) == (3, 0)
    for one, other in zip(first.clips, again.clips):
        assert torch.equal(one.codes, other.codes)
        assert torch.equal(one.text, other.text)
        assert one.facts == other.facts


def test_only_what_changed_is_encoded_again(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "data", 3)
    made = Cache(tmp_path / "cache", model, tokenizer)
    made.prepare(rows, Cut())
    soundfile.write(rows[0].audio, tone(1.5, hertz=333), RATE)
    torn = sorted((tmp_path / "cache/codes").iterdir())[0]
    torn.write_bytes(torn.read_bytes()[:100])
    assert 1 <= made.prepare(rows, Cut()).encoded <= 2
    assert made.prepare(rows, Cut(max_seconds=1.2)).encoded == 3


def test_dropped_clips_are_counted_and_named(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "data", 3)
    soundfile.write(tmp_path / "data/short.wav", tone(0.1), RATE)
    (tmp_path / "data/bad.wav").write_bytes(b"RIFF")
    rows += [
        Row(tmp_path / "data/short.wav", "solo", "short.wav"),
        Row(tmp_path / "data/bad.wav", "solo", "bad.wav"),
        Row(tmp_path / "data/gone.wav", "solo", "gone.wav"),
        Row(rows[0].audio, "", "clip_00.wav"),
        Row(None, "solo", ""),
        rows[0],
        Row(rows[0].audio, "another caption", "clip_00.wav"),
        Row(rows[1].audio, "many words " * 1000, "clip_01.wav"),
    ]
    prepared = Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut())
    assert prepared.dropped == {
        "too_short": ["short.wav"],
        "unreadable": ["bad.wav"],
        "missing": ["gone.wav"],
        "no_caption": ["clip_00.wav"],
        "no_audio_named": ["row 8"],
        "duplicate": ["clip_00.wav"],
    }
    assert len(prepared.clips) == 5
    assert prepared.clips[-1].text.shape[0] == musicgen.MAX_TEXT_TOKENS
    report = data_report(prepared, len(rows), 0.3, 0)
    assert report["duplicates"] == [["clip_00.wav", "clip_00.wav"], ["clip_01.wav", "clip_01.wav"]]
    said = " ".join(report_lines(report))
    assert "5 of 11 rows can be used" in said
    assert "Dropped, too short: 1 (short.wav)" in said
    assert "Captions cut at 256 tokens: 1 (clip_01.wav)" in said
    train, valid = split(prepared.clips, 0.3, 0)
    assert not {clip.content for clip in train} & {clip.content for clip in valid}


def test_nothing_left_is_told(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = [Row(tmp_path / "gone.wav", "solo", "gone.wav")] * 3
    with pytest.raises(HumanError, match=r"No clip of 3 can be used \(3 missing\)"):
        Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut())


def test_report_names_what_is_odd(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "data", 6)
    changes = {0: lambda x: x * 0.05, 1: lambda x: np.clip(x * 50, -1, 1), 2: lambda x: x * (np.arange(len(x)) < 5000)}
    for index, change in changes.items():
        samples, rate = soundfile.read(rows[index].audio)
        soundfile.write(rows[index].audio, change(samples), rate)
    report = data_report(Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut()), 6, 0.2, 0)
    assert report["quiet"] == ["clip_00.wav"]
    assert report["clipped"] == ["clip_01.wav"]
    assert report["silent"] == ["clip_02.wav"]


def test_parts_of_one_recording_on_both_sides_are_told(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "data", 4)
    prepared = Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut())
    random = torch.Generator().manual_seed(0)
    for clip in prepared.clips:
        clip.codes = torch.randint(0, 2048, (4, 75), generator=random).short()
    assert data_report(prepared, 4, 0.25, 0)["leakage"] == []
    train, valid = split(prepared.clips, 0.25, 0)
    valid[0].codes = torch.cat([train[1].codes[:, 10:], valid[0].codes[:, :10]], dim=1)
    assert data_report(prepared, 4, 0.25, 0)["leakage"] == [(valid[0].row.named, train[1].row.named)]


def test_a_cache_folder_that_cannot_be_made(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HumanError, match="--cache_dir"):
        Cache(tmp_path / "file/cache", model, tokenizer)


def test_names_that_are_not_utf8_do_no_harm(
    model: Any, tokenizer: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(tmp_path / "data", 2)
    name = os.fsdecode(b"caf\xe9.wav")
    rows += [Row(tmp_path / name, "solo", name)]
    report = data_report(Cache(tmp_path / "cache", model, tokenizer).prepare(rows, Cut()), 3, 0.5, 0)
    assert "caf\\udce9.wav" in " ".join(report_lines(report))


def test_memory_that_is_short_halves_the_batch(
    model: Any, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(tmp_path / "data", 4)
    right, sizes = musicgen.encode_audio, []

    def tight(model: Any, samples: torch.Tensor) -> torch.Tensor:
        sizes.append(len(samples))
        if len(samples) > 1:
            raise torch.cuda.OutOfMemoryError
        return right(model, samples)

    monkeypatch.setattr(cache, "encode_audio", tight)
    prepared = Cache(tmp_path / "cache", model, tokenizer, batch=4).prepare(rows, Cut())
    assert len(prepared.clips) == 4
    assert sizes == [4, 2, 1, 1, 2, 1, 1]


def test_prepare_killed_goes_on_where_it_was(tiny_model: Path, tmp_path: Path) -> None:
    write_clips(tmp_path / "data", 24, seconds=3.0)
    codes = tmp_path / "data/.earmark_cache/codes"
    argv = script_argv("prepare.py", "--model_path", tiny_model, "--data_dir", tmp_path / "data", "--json")
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while len(list(codes.glob("*.npz"))) < 4:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {path.name: path.stat().st_mtime_ns for path in codes.glob("*.npz")}
    assert len(kept) < 24
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    report = json.loads(done.stdout)
    assert (report["clips"], report["hours"]) == (24, 0.02)
    assert all((codes / name).stat().st_mtime_ns == at for name, at in kept.items())
