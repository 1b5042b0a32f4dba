"""The decode loop against transformers: its logits, its greedy tokens, and what several models side by side give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints import Model, decoder_states
from codec import decode_audio
from decode import Decoder, Stopped, Weights, decoder_state, positions
from forward import decoder_logits
from musicgen import add_lora, attach_adapters, encode_text, load_model, load_tokenizer
from sampling import Sampling, noise_key

TEXTS = ["slow solo guitar", "a warm piano with strings and drums, 90 bpm", "techno"]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return load_model(tiny_model)


@pytest.fixture(scope="module")
def texts(model: Any, tiny_model: Path) -> list[torch.Tensor]:
    return encode_text(model, load_tokenizer(tiny_model), TEXTS)


@pytest.fixture(scope="module")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two adapters that matter, on attention, ffn and heads."""
    folder = tmp_path_factory.mktemp("adapters")
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, "all")
    for seed, name in enumerate(("best", "final")):
        torch.manual_seed(seed)
        for parameter_name, parameter in peft.named_parameters():
            if "lora_B" in parameter_name:
                torch.nn.init.normal_(parameter, std=0.2)
        peft.save_pretrained(folder / name)
    return {name: folder / name for name in ("best", "final")}


def decoder(model: Any, states: list[Any], prompts: int, texts: list[torch.Tensor], **sampling: Any) -> Decoder:
    weights = Weights(model.config.decoder, states, CPU, torch.float32)
    return Decoder(weights, prompts, max(map(len, texts)), Sampling(**{"duration_s": 1.0, **sampling}))


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_greedy_tokens_equal_generate(
    model: Any, tiny_model: Path, texts: list[torch.Tensor], guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = decoder(model, [decoder_state(model)], 3, texts, temperature=0.0, guidance=guidance)
    codes = ours.generate(texts, [1, 2, 3])[0]
    seen = {}
    decode = model.audio_encoder.decode

    def spy(codes: torch.Tensor, *rest: Any, **more: Any) -> Any:
        seen["codes"] = codes
        return decode(codes, *rest, **more)

    monkeypatch.setattr(model.audio_encoder, "decode", spy)
    batch = load_tokenizer(tiny_model)(TEXTS, padding=True, return_tensors="pt")
    audio = model.generate(**batch, do_sample=False, guidance_scale=guidance, max_new_tokens=53)
    assert seen["codes"].shape == (1, 3, 4, 50)
    assert torch.equal(seen["codes"][0], codes)
    torch.testing.assert_close(decode_audio(model, codes), audio[:, 0])


def test_logits_equal_the_models(model: Any, texts: list[torch.Tensor]) -> None:
    """Each step's logits, with and without the prompt, against one teacher-forced pass over what was drawn."""
    ours = decoder(model, [decoder_state(model)], 3, texts)
    ours._reset(texts, [1, 2, 3])
    with torch.inference_mode():
        steps = torch.stack([ours.step()[0].clone() for _ in range(ours.steps)], 1)  # (N, S, K*V)
        steps = steps.unflatten(-1, (4, -1)).transpose(1, 2)
        labels = ours.codes.transpose(1, 2)
        states = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(t)) for t in texts], batch_first=True)
        heard = decoder_logits(model, labels, states, mask)
        unheard = decoder_logits(model, labels, states, torch.zeros_like(mask))
    torch.testing.assert_close(steps, torch.cat([heard, unheard]), atol=2e-5, rtol=1e-4)


def test_base_is_base_and_adapters_are_what_peft_makes_of_them(
    model: Any, tiny_model: Path, texts: list[torch.Tensor], adapters: dict[str, Path]
) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    models = [Model("base"), Model("best", adapters["best"]), Model("half", adapters["best"], scale=0.5)]
    states = decoder_states(model, models)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert set(model.state_dict()) == set(before)

    labels = torch.randint(0, 2048, (3, 20, 4))
    padded = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(t)) for t in texts], batch_first=True)

    def logits_of(state: dict[str, torch.Tensor]) -> torch.Tensor:
        fresh = load_model(tiny_model)
        fresh.load_state_dict({**before, **state})
        return decoder_logits(fresh, labels, padded, mask)

    with torch.no_grad():
        base, best, _ = (logits_of(state) for state in states)
        truth = attach_adapters(load_model(tiny_model), {"best": adapters["best"]})
        torch.testing.assert_close(best, decoder_logits(truth, labels, padded, mask), atol=1e-4, rtol=1e-4)
        with truth.disable_adapter():
            assert torch.equal(base, decoder_logits(truth, labels, padded, mask))
        assert (best - base).abs().max() > 0.1
    name = "decoder.model.decoder.layers.0.fc1.weight"
    full, own = states[1][name] - before[name], states[2][name] - before[name]
    torch.testing.assert_close(own, full / 2)


@pytest.mark.parametrize(
    "kind",
    [
        {"use_rslora": True},
        {"use_dora": True},
        {"rank_pattern": {"fc1": 2}, "alpha_pattern": {"fc1": 1}},
        {"target": r".*decoder\.model\.decoder\.(embed_tokens\.\d|layers\.\d\.fc2)|enc_to_dec_proj"},
    ],
)
def test_adapters_of_every_kind_are_merged_as_peft_merges_them(
    model: Any, tiny_model: Path, tmp_path: Path, kind: dict[str, Any]
) -> None:
    options = {"target": "attention,ffn", **kind}
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, options.pop("target"), **options)
    torch.manual_seed(1)
    for name, parameter in peft.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    peft.save_pretrained(tmp_path)
    (state,) = decoder_states(model, [Model("x", tmp_path)])
    merged = peft.merge_and_unload().state_dict()
    changed = [name for name, value in state.items() if not torch.equal(value, model.state_dict()[name])]
    assert changed
    for name, value in state.items():
        torch.testing.assert_close(value.detach(), merged[name], atol=1e-5, rtol=1e-4)


def test_models_side_by_side_give_what_each_gives_alone(
    model: Any, texts: list[torch.Tensor], adapters: dict[str, Path]
) -> None:
    models = [Model("base"), Model("best", adapters["best"]), Model("final", adapters["final"])]
    states = decoder_states(model, models)
    keys = [noise_key(text, 0) for text in TEXTS]
    together = decoder(model, states, 3, texts).generate(texts, keys)
    alone = [decoder(model, [state], 3, texts).generate(texts, keys)[0] for state in states]
    assert torch.equal(together, torch.stack(alone))
    assert not torch.equal(together[0], together[1])


def test_a_clip_is_the_same_in_a_batch_of_one_and_of_five(model: Any, texts: list[torch.Tensor]) -> None:
    five = [*texts, texts[0], texts[1]]
    keys = [noise_key(f"p{i}", 0) for i in range(5)]
    state = [decoder_state(model)]
    batch = decoder(model, state, 5, five).generate(five, keys)[0]
    single = decoder(model, state, 1, [texts[1]]).generate([texts[1]], keys[1:2])[0]
    assert torch.equal(batch[1], single[0])
    assert not torch.equal(batch[1], batch[4])  # same words, other noise


def test_buffers_are_fresh_for_every_batch(model: Any, texts: list[torch.Tensor]) -> None:
    used = decoder(model, [decoder_state(model)], 3, texts)
    first = used.generate(texts, [1, 2, 3]).clone()
    used.generate(texts[::-1], [7, 8, 9])
    assert torch.equal(used.generate(texts, [1, 2, 3]), first)


def test_positions_go_on_where_the_models_table_ends(model: Any) -> None:
    table = model.decoder.model.decoder.embed_positions.weights
    ours = positions(len(table) + 500, table.shape[1])
    torch.testing.assert_close(ours[: len(table)], table)
    assert torch.isfinite(ours).all()


def test_generation_stops_when_asked(model: Any, texts: list[torch.Tensor]) -> None:
    asked = iter([False] * 10 + [True])
    with pytest.raises(Stopped):
        decoder(model, [decoder_state(model)], 3, texts).generate(texts, [1, 2, 3], lambda: next(asked))
