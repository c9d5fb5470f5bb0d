"""Try an encoder on a few sentences before it is trained: whether it loads, is read where we say, and learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import encoder_blocks, state_at, text_encoder
from alignfreeze.encoders.loading import load_encoder, load_tokenizer, positions
from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.encoders.padding import pad
from alignfreeze.encoders.subwords import EncodedSentence, WordTokenizer, lone_mark_id, space_before_words
from alignfreeze.support.errors import SHOWN, InputError

# Sentences of five scripts; an encoder need not know any of their words.
SENTENCES = tuple(
    sentence.split()
    for sentence in (
        "The cat sits on the chair .", "Кошка сидит на стуле .", "القطة تجلس على الكرسي .", "那 只 猫 坐 在 椅子 上 。",
        "பூனை நாற்காலியில் அமர்ந்திருக்கிறது .",
    )
)  # fmt: skip
# Difference between a sentence's states alone and beside a longer one, relative to their size; rounding is far below.
PADDING_TOLERANCE = 1e-3
# Subwords of the longest input that is tried; more would take long where an encoder has positions for thousands.
LONGEST = 512


@dataclass(frozen=True)
class Trial:
    """What was seen.

    Attributes
    ----------
    architecture : str
        Class of the encoder in transformers.
    blocks, hidden, parameters : int
        Number of blocks, width of a state, number of weights.
    longest_input : int or None
        Subwords of the longest sequence; None where positions have no end.
    """

    architecture: str
    blocks: int
    hidden: int
    parameters: int
    longest_input: int | None


def try_encoder(path: str | Path) -> Trial:
    """Do on a few sentences what an experiment will do on many, on the CPU.

    What is tried depends on the checkpoint alone, so that another strategy or task tries, and trains, nothing again.

    Parameters
    ----------
    path : str or Path
        Folder of a checkpoint with its tokenizer.

    Returns
    -------
    Trial

    Raises
    ------
    InputError
        The encoder or its tokenizer cannot serve, with the reason in one line.
    """
    model = load_encoder(path).eval()
    longest = positions(model.config)
    tokenizer = WordTokenizer(load_tokenizer(path), LONGEST if longest is None else min(longest, LONGEST))
    try:
        blocks = len(encoder_blocks(model))
        sentences = _encode(tokenizer, model)
        _check_states(model, sentences)
        _check_longest(model, sentences, tokenizer.max_length)
        _check_gradients(model, sentences, blocks)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    size = sum(parameter.numel() for parameter in model.parameters())
    return Trial(type(model).__name__, blocks, model.config.hidden_size, size, longest)


def _encode(words: WordTokenizer, model: PreTrainedModel) -> list[EncodedSentence]:
    """Subwords of the sentences, checked against what the tokenizer gives for whole sentences."""
    tokenizer = words.tokenizer
    rows = len(model.get_input_embeddings().weight)  # type: ignore[arg-type]
    if tokenizer.pad_token_id is None:
        raise InputError("its tokenizer has no padding token; name one as pad_token in tokenizer_config.json")
    largest = max(tokenizer.vocab_size - 1, tokenizer.pad_token_id)
    if largest >= rows:
        raise InputError(
            f"its tokenizer has {largest + 1} subwords, but the encoder has embeddings of {rows}; take the tokenizer "
            "that belongs to it"
        )
    encoded = words.encode(SENTENCES)
    space, mark = space_before_words(tokenizer), lone_mark_id(tokenizer)
    for sentence, found in zip(SENTENCES, encoded, strict=True):
        whole = tokenizer(
            [space + word for word in sentence],
            is_split_into_words=True,
            truncation=True,
            max_length=words.max_length,
        )
        pairs = zip(whole["input_ids"], whole.word_ids(), strict=True)
        kept = [(number, word) for number, word in pairs if number != mark or word is None]
        first = [next(at for at, (_, of) in enumerate(kept) if of == word) for word in found.present]
        if [number for number, _ in kept] != found.ids.tolist() or first != found.first[found.present].tolist():
            raise InputError(
                f"its tokenizer encodes a word by its neighbours ({' '.join(sentence)!r}), so that a word's first "
                "subword is not known; take another model"
            )
    return encoded


def _check_states(model: PreTrainedModel, sentences: Sequence[EncodedSentence]) -> None:
    """Refuse an encoder that is not read where we say, or whose states depend on padding."""
    ids, mask = pad([sentence.ids for sentence in sentences], model.config.pad_token_id or 0)
    with torch.inference_mode():
        whole = text_encoder(model)(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True).hidden_states
        for layer, expected in enumerate(whole):
            if not expected.isfinite().all():
                raise InputError(f"its states at layer {layer} are not finite numbers; its weights are damaged")
            if not torch.equal(state_at(model, layer, ids, mask), expected):
                raise InputError(f"its state at layer {layer} is not hidden_states[{layer}]; take another encoder")
        for number, sentence in enumerate(sentences):
            alone = state_at(model, len(whole) - 1, torch.from_numpy(sentence.ids).long()[None])[0]
            beside = whole[-1][number, : len(alone)]
            if float((alone - beside).norm()) > PADDING_TOLERANCE * float(alone.norm()):
                raise InputError("a sentence's states depend on the padding beside it; take another encoder")


def _check_longest(model: PreTrainedModel, sentences: Sequence[EncodedSentence], max_length: int) -> None:
    """Refuse an encoder that does not take the longest input, whatever its config.json says."""
    ids = torch.cat([torch.from_numpy(sentence.ids).long() for sentence in sentences])
    row = ids.repeat(max_length // len(ids) + 1)[None, :max_length]
    try:
        with torch.inference_mode():
            text_encoder(model)(input_ids=row, attention_mask=torch.ones_like(row))
    except (RuntimeError, ValueError, IndexError) as error:
        if is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split())[:SHOWN]
        raise InputError(f"it does not take {max_length} subwords ({reason}); take another encoder") from error


def _check_gradients(model: PreTrainedModel, sentences: Sequence[EncodedSentence], blocks: int) -> None:
    """Refuse an encoder of which a block learns nothing."""
    ids, mask = pad([sentence.ids for sentence in sentences[:2]], model.config.pad_token_id or 0)
    model.requires_grad_(True)
    states = state_at(model, blocks, ids, mask)
    # In some direction: the squares of states behind a norm always have the same sum.
    direction = torch.randn(states.shape[-1], generator=torch.Generator().manual_seed(0))
    (states @ direction).square().mean().backward()
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    if not all(gradient.isfinite().all() for gradient in gradients):
        raise InputError("its gradients are not finite numbers; its weights are damaged")
    for number, block in enumerate(encoder_blocks(model)):
        if not any(weight.grad is not None and weight.grad.any() for weight in block.parameters()):
            raise InputError(f"nothing in its block {number} changes the last state; take another encoder")
