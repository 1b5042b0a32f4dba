"""The rules that a MusicGen training is right or wrong by. Each is checked, and then seen to fail when it is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.musicgen.modeling_musicgen import shift_tokens_right

import dataset
import engine
import forward
import musicgen
from audio import ClipFacts
from cache import Clip
from dataset import Plan, fixed_items, make_batch
from engine import Engine
from launch import Processes
from metadata import Row

V, K = 2048, 4


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return musicgen.load_model(tiny_model)


def make_clip(seed: int, frames: int = 30, tokens: int = 5, width: int = 48) -> Clip:
    random = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, V, (K, frames), generator=random).short()
    text = torch.randn(tokens, width, generator=random).half()
    return Clip(Row(None, f"clip {seed}", ""), str(seed), codes, text, ClipFacts(1, 1, 32000, 1, -20, 0, 0))


def fresh_engine(model_folder: Path, micro: int, chunks: int, frames: int = 30, **lora: Any) -> Engine:
    torch.manual_seed(1)
    model = musicgen.add_lora(
        musicgen.load_model(model_folder), 4, 8, lora.get("dropout", 0.0), lora.get("target", "attention")
    )
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:  # a fresh adapter has no gradient at its other half
            torch.nn.init.normal_(parameter, std=0.02)
    optimizer = torch.optim.AdamW(musicgen.trainable(model), lr=0)
    kinds = {"precision": "fp32", "frames": frames, "tokens": 8, "max_grad_norm": 0.0, "seed": 3}
    return Engine(model, optimizer, Processes("cpu"), micro=micro, accumulation=chunks, **kinds)


def gradients(made: Engine, items: list[dataset.Item]) -> torch.Tensor:
    made.step(1, items, 0.0)
    return torch.cat([p.grad.flatten() for p in made.parameters])


# The rules: functions that raise AssertionError when they do not hold.


def rule_delay(model: Any, folder: Path) -> None:
    """decoder_input[k, t] == codes[k, t-1-k], and the start id before that; also by the model's own shift."""
    codes = make_clip(0).codes.long()
    labels = make_batch(fixed_items([make_clip(0)]), 30, 8, V).labels
    for inputs in (forward.shift_right(labels, V), shift_tokens_right(labels, V, V)):
        assert inputs.shape == (1, K, 30)
        for k in range(K):
            assert (inputs[0, k, : k + 1] == V).all()
            for t in range(k + 1, 30):
                assert inputs[0, k, t] == codes[k, t - 1 - k]


def rule_loss(model: Any, folder: Path) -> None:
    """Loss = the model's own = a mean over codebooks of the mean over frames, written out by hand from the codes."""
    clip = make_clip(1)
    batch = make_batch(fixed_items([clip]), 30, 5, V)
    logits = forward.decoder_logits(model, batch.labels, batch.states, batch.mask)
    sums, counts = forward.codebook_loss(logits, batch.labels)
    own = model(encoder_outputs=BaseModelOutput(batch.states), attention_mask=batch.mask, labels=batch.labels).loss
    log_probabilities = own_logits(model, clip).log_softmax(-1)
    by_hand = torch.zeros(K)
    for k in range(K):
        right = [log_probabilities[k, t, clip.codes[k, t - k].long()] for t in range(k, 30)]
        by_hand[k] = -torch.stack(right).mean()
    assert counts.tolist() == [30, 29, 28, 27]
    torch.testing.assert_close(sums / counts, by_hand, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close((sums / counts).mean(), own.detach(), rtol=1e-5, atol=1e-5)


def own_logits(model: Any, clip: Clip) -> torch.Tensor:
    """Logits (K, T, V) by the model's forward, from decoder input that is built here from the codes."""
    inputs = torch.full((K, 30), V)
    for k in range(K):
        inputs[k, k + 1 :] = clip.codes[k, : 30 - 1 - k].long()
    states = clip.text.float()[None]
    with torch.no_grad():
        return model(encoder_outputs=BaseModelOutput(states), decoder_input_ids=inputs).logits.view(K, 30, V)


def rule_text_mask(model: Any, folder: Path) -> None:
    """What stands in padded text positions changes nothing, and a row without text is the null of guidance."""
    batch = make_batch(fixed_items([make_clip(2), make_clip(3)]), 30, 8, V)
    batch.mask[1] = 0
    logits = forward.decoder_logits(model, batch.labels, batch.states, batch.mask)
    garbage = batch.states.clone()
    garbage[0, 5:] = 9.0
    garbage[1] = 9.0
    torch.testing.assert_close(forward.decoder_logits(model, batch.labels, garbage, batch.mask), logits)
    null = model(
        encoder_outputs=BaseModelOutput(torch.zeros(2, 8, 48)),
        attention_mask=torch.zeros(2, 8, dtype=torch.long),
        labels=batch.labels,
    ).logits.view(2, K, 30, V)
    torch.testing.assert_close(logits[1], null[1], rtol=1e-4, atol=1e-5)
    assert (logits[0] - null[0]).abs().max() > 1e-3


def rule_short_clips(model: Any, folder: Path) -> None:
    """A shorter clip in a batch counts as it does alone: its padding is not learnt."""
    long, short = make_clip(4, 30), make_clip(5, 12)
    sums = torch.zeros(K)
    for clip in (long, short):
        alone = make_batch(fixed_items([clip]), clip.codes.shape[1], 5, V)
        logits = forward.decoder_logits(model, alone.labels, alone.states, alone.mask)
        sums += forward.codebook_loss(logits, alone.labels)[0]
    both = make_batch(fixed_items([long, short]), 30, 5, V)
    logits = forward.decoder_logits(model, both.labels, both.states, both.mask)
    together, counts = forward.codebook_loss(logits, both.labels)
    assert counts.tolist() == [42, 40, 38, 36]
    assert counts.tolist() == dataset.valid_positions(fixed_items([long, short]), 30, K)
    torch.testing.assert_close(together, sums, rtol=1e-5, atol=1e-4)


def rule_accumulation(model: Any, folder: Path) -> None:
    """Four micro-batches of one clip give the gradient of one batch of four, which is that of the plain mean loss."""
    clips = [make_clip(i, frames) for i, frames in ((6, 30), (7, 30), (8, 17), (9, 30))]
    at_once = gradients(fresh_engine(folder, 4, 1), fixed_items(clips))
    in_parts = gradients(fresh_engine(folder, 1, 4), fixed_items(clips))
    torch.testing.assert_close(in_parts, at_once, rtol=1e-4, atol=1e-7)
    made = fresh_engine(folder, 4, 1)
    batch = make_batch(fixed_items(clips), 30, 8, V)
    sums, counts = forward.codebook_loss(
        forward.decoder_logits(made.model, batch.labels, batch.states, batch.mask), batch.labels
    )
    (sums / counts).mean().backward()
    plain = torch.cat([p.grad.flatten() for p in made.parameters])
    torch.testing.assert_close(at_once, plain, rtol=1e-4, atol=1e-7)
    assert plain.abs().max() > 1e-5


def rule_base(model: Any, folder: Path) -> None:
    """With the adapter off, an adapted and trained model is the base model to the last bit; with it on, it is not."""
    made = fresh_engine(folder, 1, 1)
    for step in range(1, 4):
        made.step(step, fixed_items([make_clip(10)]), 1e-2)
    made.model.eval()
    batch = make_batch(fixed_items([make_clip(11)]), 30, 5, V)
    with torch.no_grad():
        base = forward.decoder_logits(model, batch.labels, batch.states, batch.mask)
        with made.model.disable_adapter():
            off = forward.decoder_logits(made.model, batch.labels, batch.states, batch.mask)
        on = forward.decoder_logits(made.model, batch.labels, batch.states, batch.mask)
    assert torch.equal(off, base)
    assert not torch.allclose(on, base, atol=1e-3)


RULES = [rule_delay, rule_loss, rule_text_mask, rule_short_clips, rule_accumulation, rule_base]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Callable[[Any, Path], None], model: Any, tiny_model: Path) -> None:
    rule(model, tiny_model)


# The mistakes that public trainers make. Each must be caught by a rule.


def labels_shifted(patch: pytest.MonkeyPatch) -> None:
    """Shifted once more, as by whoever forgets that the model shifts by itself."""
    right = forward.delayed_labels
    patch.setattr(dataset, "delayed_labels", lambda codes, pad: torch.roll(right(codes, pad), 1, 0))


def no_delay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dataset, "delayed_labels", lambda codes, pad: codes.T.clone())


def axes_swapped(patch: pytest.MonkeyPatch) -> None:
    """(K, T) laid out as (T, K) without a transpose."""
    right = forward.delayed_labels
    patch.setattr(dataset, "delayed_labels", lambda codes, pad: right(codes, pad).T.reshape(-1, codes.shape[0]))


def text_mask_dropped(patch: pytest.MonkeyPatch) -> None:
    right = forward.decoder_logits
    patch.setattr(forward, "decoder_logits", lambda m, lab, s, mask: right(m, lab, s, torch.ones_like(mask)))


def padding_learnt(patch: pytest.MonkeyPatch) -> None:
    right = forward.codebook_loss
    patch.setattr(forward, "codebook_loss", lambda lg, lab: right(lg, lab.masked_fill(lab == forward.IGNORED, 0)))


def divided_twice(patch: pytest.MonkeyPatch) -> None:
    """By the counts of the whole step, and by the number of micro-batches again."""
    right = Engine._eager
    patch.setattr(Engine, "_eager", lambda self, n, items, weights: right(self, n, items, weights / self.chunks))


def mean_of_means(patch: pytest.MonkeyPatch) -> None:
    """Each micro-batch divided by its own count: short clips weigh more than they should."""
    right = engine.StepLoss.forward

    def divided_alone(self: Any, labels: Any, states: Any, mask: Any, weights: Any) -> Any:
        _, sums = right(self, labels, states, mask, weights)
        logits = forward.decoder_logits(self.model, labels, states, mask)
        own, counts = forward.codebook_loss(logits, labels)
        return (own / counts).mean() / 4, sums

    patch.setattr(engine.StepLoss, "forward", divided_alone)


def adapter_left_on(patch: pytest.MonkeyPatch) -> None:
    import contextlib

    from peft import PeftModel

    patch.setattr(PeftModel, "disable_adapter", lambda self: contextlib.nullcontext())


MISTAKES = [
    (labels_shifted, rule_delay),
    (labels_shifted, rule_loss),
    (no_delay, rule_delay),
    (no_delay, rule_loss),
    (axes_swapped, rule_delay),
    (text_mask_dropped, rule_text_mask),
    (padding_learnt, rule_short_clips),
    (divided_twice, rule_accumulation),
    (mean_of_means, rule_accumulation),
    (adapter_left_on, rule_base),
]


@pytest.mark.parametrize(("mistake", "rule"), MISTAKES, ids=lambda f: f.__name__)
def test_mistake_is_caught(
    mistake: Callable[[pytest.MonkeyPatch], None],
    rule: Callable[[Any, Path], None],
    model: Any,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mistake(monkeypatch)
    with pytest.raises(AssertionError):
        rule(model, tiny_model)


@pytest.mark.parametrize("extra", [{}, {"use_rslora": True}, {"use_dora": True}, {"lora_bias": True}])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_adapted_logits_are_those_of_peft(tiny_model: Path, extra: dict[str, bool], dropout: float) -> None:
    tuned = musicgen.add_lora(musicgen.load_model(tiny_model), 4, 8, dropout, "attention", **extra)
    for name, parameter in tuned.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = make_batch(fixed_items([make_clip(16), make_clip(17)]), 30, 8, V)
    ours = forward.decoder_logits(tuned.eval(), batch.labels, batch.states, batch.mask)
    peft = tuned(encoder_outputs=BaseModelOutput(batch.states), attention_mask=batch.mask, labels=batch.labels)
    torch.testing.assert_close(ours, peft.logits.view_as(ours), rtol=1e-4, atol=1e-5)


def test_one_clip_is_learnt_by_heart(tiny_model: Path) -> None:
    made = fresh_engine(tiny_model, 1, 1, target="all")
    losses = [float(made.step(step, fixed_items([make_clip(12)]), 3e-2)[0].sum()) for step in range(1, 31)]
    assert losses[-1] < 0.8 * losses[0]


def test_dropout_depends_on_seed_step_and_place_alone(tiny_model: Path) -> None:
    items = fixed_items([make_clip(13), make_clip(14)])
    first = gradients(fresh_engine(tiny_model, 1, 2, dropout=0.5), items)
    torch.rand(7)  # whatever else used the generator
    assert torch.equal(gradients(fresh_engine(tiny_model, 1, 2, dropout=0.5), items), first)
    other = fresh_engine(tiny_model, 1, 2, dropout=0.5)
    other.seed = 4
    assert not torch.equal(gradients(other, items), first)


def test_order_covers_every_clip_once_an_epoch_and_drops_text_by_share() -> None:
    clips = [make_clip(i) for i in range(7)]
    plan = Plan(clips, 3, 30, 0.3, seed=5)
    assert plan.steps_per_epoch == 3
    epochs = [[item.clip.content for step in (1, 2, 3) for item in plan.items(step + 3 * e)] for e in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == [clip.content for clip in clips]
    assert epochs[0] != epochs[1]
    dropped = [item.drop_text for step in range(1, 900) for item in plan.items(step)]
    assert 0.25 < sum(dropped) / len(dropped) < 0.35


def test_long_clips_give_another_part_each_epoch() -> None:
    plan = Plan([make_clip(0, frames=60)], 1, 30, 0.0, seed=6)
    starts = {plan.items(step)[0].start for step in range(1, 40)}
    assert len(starts) > 10
    assert max(starts) <= 30


def test_loading_turns_dropout_off_and_sets_the_ids(tiny_model: Path) -> None:
    loaded = musicgen.load_model(tiny_model)
    decoder = loaded.config.decoder
    assert (decoder.decoder_start_token_id, decoder.pad_token_id) == (V, V)
    loaded.train()
    batch = make_batch(fixed_items([make_clip(15)]), 30, 5, V)
    once, again = (forward.decoder_logits(loaded, batch.labels, batch.states, batch.mask) for _ in range(2))
    assert torch.equal(once, again)
