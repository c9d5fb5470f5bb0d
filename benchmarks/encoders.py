"""What works with each architecture, tried on tiny random encoders; prints docs/encoders.md.

make encoders
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch
from transformers import PreTrainedModel

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(1, str(Path(__file__).parents[1] / "tests" / "unit"))
from architectures import ARCHITECTURES, FURTHER, REFUSED, every_hidden_state, make, random_ids
from support import CPU, write_streams
from tagging_support import LABELS, tagged_items
from test_subwords import GOLDEN

from alignfreeze.encoders.anatomy import encoder_blocks, state_at
from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.loading import load_encoder, positions
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.kinds import load_task
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.support.errors import InputError
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings

COLUMNS = (
    "architecture", "peculiar", "blocks", "states equal", "realigned, half frozen", "fine-tuned", "saved and loaded",
    "longest input",
)  # fmt: skip
HEAD = """# Encoders

Blocks are found by running an encoder once: they are the list of modules of which each reads one state and writes the
next. Nothing depends on an architecture's name. Each row of the first table is what `make encoders` saw with random
weights, from loading a folder on:

- blocks, and whether the state read at each layer k equals `hidden_states[k]` of the untouched model bit for bit;
- two realignment steps with `front`: whether the lower half is unchanged bit for bit and every block above has changed;
- two fine-tuning steps as a tagger, the head by transformers or by us: whether every block has changed;
- whether the realigned encoder and the tagger have the same weights, bit for bit, after saving and loading.

Heads are transformers' own where it has one on the encoder alone. For others (NLLB and T5's family, and question
answering with EuroBERT, NomicBERT and GTE) they are dropout and one linear layer; a sentence's label is told from its
mean state.

Code that a checkpoint brings is never run. EuroBERT, NomicBERT, GTE and Jina v3 once came with code of their own, which
has become a part of transformers: their checkpoints load where `config.json` names that class and the weights have its
names, and are else refused with the reason. Before an encoder is trained, the workflow tries it on five short
sentences and on one of 512 subwords, or as many as it takes (rule `check_encoder`); what that saw is in
`results/.../checked/`. No training with an encoder starts before that encoder's trial has passed. Of the jobs that are
ready, those that fetch or convert a model and those that try one go first, but they do not wait for each other: with
several models, one that is here and tried may be trained while another is still fetched.
"""

FAMILIES = """
## Others of transformers

Tried in the same way, and not known to work beyond that.
"""

NOT = """
## Refused

With `front`; ALBERT can be realigned with `full`, every state as in the untouched model.

| architecture | what is said |
| --- | --- |"""

TOKENIZERS = """
## Tokenizers

The first subword of each word, in bold, by kind of tokenizer; `tests/unit/test_subwords.py` has them as golden tests. A
lone mark of a word's start is never one; byte-level tokenizers that add no space get one before each word.

| kind | text | subwords |
| --- | --- | --- |"""


def changed(before: list[list[torch.Tensor]], blocks: torch.nn.ModuleList) -> list[bool]:
    """Whether each block has another weight than before."""
    return [not all(map(torch.equal, old, block.parameters())) for old, block in zip(before, blocks, strict=True)]


def copies(blocks: torch.nn.ModuleList) -> list[list[torch.Tensor]]:
    """Weights of each block."""
    return [[parameter.detach().clone() for parameter in block.parameters()] for block in blocks]


def same_weights(first: PreTrainedModel, second: PreTrainedModel) -> bool:
    """Whether two models have the same weights by the same names, bit for bit."""
    mine, theirs = first.state_dict(), second.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def row(name: str, peculiar: str, folder: Path) -> str:
    """One line of a table of what works."""
    make(name).save_pretrained(folder / "start", max_shard_size="20KB")
    model, (ids, mask) = load_encoder(folder / "start").eval(), random_ids()
    expected = every_hidden_state(model, ids, mask)
    equal = all(torch.equal(state_at(model, layer, ids, mask), state) for layer, state in enumerate(expected))
    blocks, before = encoder_blocks(model), copies(encoder_blocks(model))
    settings = RealignmentSettings(freeze="front", batch_size=4, head_size=16, layer="last", learning_rate=1e-2)
    Realigner(model, write_streams(folder, {"de": 8}), settings, 0, CPU).run([2])
    moved, half = changed(before, blocks), len(blocks) // 2
    model.eval().save_pretrained(folder / "realigned")
    loaded = same_weights(model, load_encoder(folder / "realigned"))

    task = load_task("tagging", {"labels": LABELS})
    tagger = task.load_new(folder / "realigned")
    before = copies(encoder_blocks(tagger.base_model))
    report = finetune(tagger, tagged_items(), FinetuningSettings(batch_size=11, epochs=1, learning_rate=1e-2), 0, CPU)
    tuned = report.steps == 2 and all(changed(before, encoder_blocks(tagger.base_model)))
    tagger.eval().save_pretrained(folder / "tagger")
    loaded = loaded and same_weights(tagger, task.load_finetuned(folder / "tagger"))
    said = {True: "yes", False: "**no**"}
    frozen = not any(moved[:half]) and all(moved[half:])
    head = "our head" if type(tagger).__name__.endswith("TokenHead") else "yes"
    cells = [
        name, peculiar or "-", len(blocks), said[equal], said[frozen], head if tuned else "**no**",
        said[loaded], positions(model.config) or "no end",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def refusal(name: str) -> str:
    """One line of the table of what is refused."""
    try:
        freeze(make(name), "front", False)
    except InputError as error:
        return f"| {name} | {error} |"
    return f"| {name} | **nothing** |"


def subwords(kind: str) -> str:
    """One line of the table of tokenizers."""
    build, text, *_ = GOLDEN[kind]
    tokenizer = build()
    (sentence,) = WordTokenizer(tokenizer, 96).encode([text.split(" ")])
    pieces = tokenizer.convert_ids_to_tokens(sentence.ids)
    shown = [f"**`{piece}`**" if place in sentence.first else f"`{piece}`" for place, piece in enumerate(pieces)]
    return f"| {kind} | {text} | {' '.join(shown)} |"


def main() -> None:
    """Print the page."""
    for head, architectures in ((HEAD, ARCHITECTURES), (FAMILIES, FURTHER)):
        print(head, f"| {' | '.join(COLUMNS)} |", "| --- " * len(COLUMNS) + "|", sep="\n")
        for name, (_, _, peculiar) in architectures.items():
            with tempfile.TemporaryDirectory() as folder:
                print(row(name, peculiar, Path(folder)), flush=True)
    for head, line, names in ((NOT, refusal, REFUSED), (TOKENIZERS, subwords, GOLDEN)):
        print(head)
        for name in names:
            print(line(name))


if __name__ == "__main__":
    main()
