"""Names of public sources, the lock file, and conversion of hub rows."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import datasets
import pytest
from support import ROOT

from alignfreeze.sources.formats import COLUMNS, CONVERTED, ENDINGS, format_of_ending
from alignfreeze.sources.hub import Columns, convert, shards_of, write_labelled, write_lines, write_squad, write_tagged
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.sources.settings import Format, HubDataset, Muse, PlainFiles, UniversalDependencies
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError

SHARED = ROOT.parent / "shared" / "data"
OPUS = HubDataset(hub="Helsinki-NLP/opus-100", subset="{pair}", split="train", format="lines", side="{lang}")
TREEBANKS = UniversalDependencies(
    universal_dependencies="r2.15", split="test", treebanks={"no": "UD_Norwegian-Bokmaal"}
)
NTREX = PlainFiles(url="https://a.org/v1/{pair}.{lang}.txt", codes={"sw": "swa", "en": "eng"}, format="lines")
BIO, PAIRS = Columns(COLUMNS["bio"]), ("premise", "hypothesis")
HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # sha256sum of hello


@pytest.mark.parametrize(
    ("source", "language", "path"),
    [
        (TREEBANKS, "no", "universal_dependencies/r2.15/UD_Norwegian-Bokmaal/no_bokmaal-ud-test.conllu"),
        (Muse(muse="full"), "de", "muse/en-de.txt"),
        (Muse(muse="test"), "de", "muse/en-de.5000-6500.txt"),
        (OPUS, "af", "datasets/Helsinki-NLP/opus-100/af-en/train.af.txt"),
        (OPUS.model_copy(update={"side": "en"}), "zh", "datasets/Helsinki-NLP/opus-100/en-zh/train.en.txt"),
        (
            HubDataset(hub="google/xquad", subset="xquad.{lang}", split="validation", format="squad"),
            "th",
            "datasets/google/xquad/xquad.th/validation.squad.json",
        ),
        (NTREX, "sw", "files/https/a.org/v1/eng-swa.swa.txt.txt"),
        (
            PlainFiles(url="http://127.0.0.1:80/x", format="conllu"),
            "de",
            "files/http/127.0.0.1:80/x.conllu",
        ),
        (PlainFiles(url="https://a.org/x.jsonl", format="nli"), "de", "files/https/a.org/x.jsonl.jsonl"),
        (PlainFiles(url="https://a.org/x.jsonl", format="tags"), "de", "files/https/a.org/x.jsonl.tags"),
    ],
)
def test_path_of_a_source(source, language, path):
    assert source.file_of(language, "en") == path


def test_format_and_languages_of_a_source():
    assert [source.format_of_file() for source in (TREEBANKS, Muse(muse="full"), OPUS)] == [
        "conllu",
        "dictionary",
        "lines",
    ]
    assert TREEBANKS.languages_without(["no", "de", "af"]) == ["af", "de"]
    assert OPUS.languages_without(["no", "de"]) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://a.org/x", "https://a.org", "https://a.org/", "https://a.org/x/", "https://a.org//x", "ftp://a.org/x",
        "file:///etc/passwd", "https://user:secret@a.org/x", "https://a.org/x?download=1", "https://a.org/x#y",
        "https://a.org/../x", "https://a.org/{lang}/../../x", "https://a.org/.x", "https://{lang}.org/x",
        "https://a.org/{other}", "https://a.org:/x", "HTTPS://a.org/x", "http://localhost.a.org/x", "https://a.org/x y",
        "https://../x", "data/{lang}.txt",
    ],
)  # fmt: skip
def test_address_that_is_none(url):
    with pytest.raises(ValueError, match="https://HOST/FOLDERS/FILE"):
        PlainFiles(url=url, format="lines")


@pytest.mark.parametrize("format_name", get_args(Format))
def test_file_of_every_format_is_read_as_what_it_is(format_name):
    """Readers go by `.conllu` and `.jsonl` alone; a name that says something else must not mislead them."""
    for name in ("x", "x.conllu", "x.jsonl", "x.txt"):
        path = Path(PlainFiles(url=f"https://a.org/{name}", format=format_name).file_of("de", "en"))
        assert (path.suffix == ".conllu") == (format_name == "conllu")
        assert (path.suffix == ".jsonl") == (name == "x.jsonl" and format_name in ("sentences", "nli"))


@pytest.fixture
def resources(tmp_path):
    folder = tmp_path / "resources"
    (folder / "muse").mkdir(parents=True)
    (folder / "muse" / "en-de.txt").write_text("hello")
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "models" / "m" / "config.json").write_text("hello")
    lock = ResourcesLock(tmp_path / "lock.json", folder)
    lock.verify_or_add("muse/en-de.txt", {"en-de.txt": HELLO}, "somewhere", "unversioned")
    lock.verify_or_add("models/m", {"config.json": HELLO}, "somewhere", "abc")
    return lock


def test_lock_file_names_source_revision_and_checksums(resources):
    assert json.loads(resources.path.read_text()) == {
        "models/m": {"source": "somewhere", "revision": "abc", "files": {"config.json": HELLO}},
        "muse/en-de.txt": {"source": "somewhere", "revision": "unversioned", "files": {"en-de.txt": HELLO}},
    }
    assert resources.entry("models/m")["revision"] == "abc"
    assert resources.entry("models/other") is None
    assert file_checksum(resources.resources / "muse" / "en-de.txt") == HELLO


def test_other_content_than_locked_is_an_error_that_names_both(resources):
    before = resources.path.read_bytes()
    with pytest.raises(InputError) as caught:
        resources.verify_or_add("muse/en-de.txt", {"en-de.txt": "0" * 64}, "somewhere", "unversioned")
    (line,) = str(caught.value).splitlines()
    assert all(part in line for part in ("muse/en-de.txt", "0" * 64, HELLO, "lock.json", "delete"))
    assert resources.path.read_bytes() == before


@pytest.mark.parametrize("files", [{}, {"config.json": HELLO, "more.json": HELLO}])
def test_fewer_or_more_files_than_locked_are_an_error(resources, files):
    with pytest.raises(InputError, match="config.json|more.json"):
        resources.verify_or_add("models/m", files, "somewhere", "abc")


def test_verified_files_are_not_read_again(resources, monkeypatch):
    resources.verify()
    monkeypatch.setattr("alignfreeze.sources.lock.file_checksum", lambda path: pytest.fail(f"{path} was read again"))
    resources.verify()


@pytest.mark.parametrize("name", ["muse/en-de.txt", "models/m/config.json"])
def test_file_changed_after_it_was_verified_is_found(resources, name):
    resources.verify()
    file = resources.resources / name
    time = file.stat().st_mtime_ns
    file.write_text("hullo")
    os.utime(file, ns=(time + 1, time + 1))
    with pytest.raises(InputError, match=r"en-de.txt|config.json"):
        resources.verify()


def test_touched_file_and_missing_artefact_are_fine(resources):
    resources.verify()
    (resources.resources / "muse" / "en-de.txt").touch()
    (resources.resources / "models" / "m" / "config.json").unlink()
    (resources.resources / "models" / "m").rmdir()
    resources.verify()


def test_lock_that_changed_is_compared_with_what_is_there(resources):
    """As after git pull."""
    resources.verify()
    resources.path.write_text(resources.path.read_text().replace(HELLO, "0" * 64, 1))
    with pytest.raises(InputError, match="models/m"):
        resources.verify()


def entry(**changes):
    return {"source": "x", "revision": "y", "files": {"z": HELLO}} | changes


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[1]", "[" * 100_000, '{"a": 1' + "0" * 5_000 + "}", '"\\ud800"', "[]", "null"),
        {"a": 1},
        {"a": {"source": "x"}},
        {"a": []},
        *({"a": entry(files=files)} for files in ([], {}, [HELLO], {"z": 1}, {"z": "0"}, {"../z": HELLO}, {"": HELLO})),
        *({"a": entry(source=source)} for source in ("", 1, None)),
        *({key: entry()} for key in ("", "..", "../a", "/a", "a//b", "a/./b", "a\0", "a" * 300, "a/" * 600 + "a")),
    ],
)
def test_damaged_lock_file(resources, content):
    resources.path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=r"lock\.json.*not a lock file.*take it from git, or delete it") as caught:
        resources.verify()
    assert "\n" not in str(caught.value)


def test_lock_file_that_is_a_folder(resources):
    resources.path.unlink()
    resources.path.mkdir()
    with pytest.raises(InputError, match=r"lock\.json: cannot be read \(Is a directory\)"):
        resources.verify()


@pytest.mark.parametrize("text", ["", "[1]", '{"muse/en-de.txt": 3}', '{"muse/en-de.txt": [1]}', "[" * 100_000])
def test_damaged_memory_of_what_was_verified_is_forgotten(resources, text):
    resources.verify()
    memory = resources.resources / "verified.json"
    whole = memory.read_bytes()
    memory.write_text(text)
    resources.verify()
    assert memory.read_bytes() == whole


def written(tmp_path, rows, features=None):
    """Two shards, written by the library that the hub's files are written with."""
    data = datasets.Dataset.from_list(rows, features=features)
    folder = tmp_path / "rows"
    folder.mkdir(exist_ok=True)
    middle = len(rows) // 2
    for number, part in enumerate([range(middle), range(middle, len(rows))]):
        data.select(part).to_parquet(folder / f"train-0000{number}-of-00002.parquet")
    return shards_of(folder)


def test_lines(tmp_path):
    rows = [
        {"translation": {"de": "Hallo  Welt", "en": "Hello world"}},
        {"translation": {"de": "zwei\nZeilen\r\nund mehr", "en": ""}},
        {"translation": {"de": "\u2028 bleibt", "en": "stays"}},
    ]
    shards = written(tmp_path, rows, datasets.Features({"translation": datasets.Translation(["de", "en"])}))
    for side in ("de", "en"):
        write_lines(shards, tmp_path / side, side)
    assert (tmp_path / "de").read_bytes().decode().split("\n") == [
        "Hallo  Welt",
        "zwei Zeilen und mehr",
        "\u2028 bleibt",
        "",
    ]
    assert (tmp_path / "en").read_bytes().decode().split("\n") == ["Hello world", "", "stays", ""]
    with pytest.raises(InputError, match="no language fr; found de, en"):
        write_lines(shards, tmp_path / "fr", "fr")
    assert not (tmp_path / "fr").exists()


BIO_TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def shared_bio(path):
    sentences = []
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        pairs = [line.split("\t") for line in block.split("\n")]
        words = [word.partition(":")[2] for word, _ in pairs]
        sentences.append({"tokens": words, "ner_tags": [tag for _, tag in pairs]})
    return sentences


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared samples")
def test_bio_of_real_sentences(tmp_path):
    sentences = shared_bio(SHARED / "wikiann" / "de.dev.tsv")
    classes = datasets.ClassLabel(names=BIO_TAGS)
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(classes)}
    )
    write_tagged(written(tmp_path, sentences, features), tmp_path / "de.bio", BIO)
    blocks = (tmp_path / "de.bio").read_text(encoding="utf-8").removesuffix("\n\n").split("\n\n")
    found = [[line.split("\t") for line in block.split("\n")] for block in blocks]
    assert found == [[[w, t] for w, t in zip(s["tokens"], s["ner_tags"], strict=True)] for s in sentences]


def test_bio_keeps_a_word_that_is_empty_and_needs_names_for_numbers(tmp_path):
    rows = [{"tokens": ["a", " ", "b"], "ner_tags": ["O", "B-PER", "I-PER"]}] * 2
    write_tagged(written(tmp_path, rows), tmp_path / "x.bio", BIO)
    assert (tmp_path / "x.bio").read_text() == "a\tO\n_\tB-PER\nb\tI-PER\n\n" * 2
    with pytest.raises(InputError, match="does not name the classes of column ner_tags"):
        write_tagged(written(tmp_path, [{"tokens": ["a"], "ner_tags": [1]}] * 2), tmp_path / "y.bio", BIO)


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared samples")
def test_nli_of_real_pairs(tmp_path):
    text = (SHARED / "xnli" / "th.test.tsv").read_text(encoding="utf-8")
    header, *lines = text.removesuffix("\n").split("\n")
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    names = ["entailment", "neutral", "contradiction"]
    features = datasets.Features(
        {
            "premise": datasets.Value("string"),
            "hypothesis": datasets.Value("string"),
            "label": datasets.ClassLabel(names=names),
        }
    )
    write_labelled(written(tmp_path, rows, features), tmp_path / "th.nli.tsv", PAIRS, Columns())
    assert (tmp_path / "th.nli.tsv").read_text(encoding="utf-8") == text


def test_nli_without_label_and_with_tabs(tmp_path):
    names = ["entailment", "neutral", "contradiction"]
    features = datasets.Features(
        {
            "premise": datasets.Value("string"),
            "hypothesis": datasets.Value("string"),
            "label": datasets.ClassLabel(names=names),
        }
    )
    rows = [{"premise": "a\tb", "hypothesis": "c\nd", "label": 2}, {"premise": "x", "hypothesis": "y", "label": -1}]
    write_labelled(written(tmp_path, rows, features), tmp_path / "x.tsv", PAIRS, Columns())
    assert (tmp_path / "x.tsv").read_text() == "premise\thypothesis\tlabel\na b\tc d\tcontradiction\n"


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared samples")
def test_squad_of_real_questions(tmp_path):
    original = json.loads((SHARED / "xquad" / "xquad.ar.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in original["data"] for paragraph in article["paragraphs"]]
    rows = [
        {
            "id": item["id"],
            "context": paragraph["context"],
            "question": item["question"],
            "answers": {
                "text": [answer["text"] for answer in item["answers"]],
                "answer_start": [answer["answer_start"] for answer in item["answers"]],
            },
        }
        for paragraph in paragraphs
        for item in paragraph["qas"]
    ]
    write_squad(written(tmp_path, rows), tmp_path / "ar.json")
    found = json.loads((tmp_path / "ar.json").read_text(encoding="utf-8"))["data"][0]["paragraphs"]
    assert len(found) == len(paragraphs)
    for one, other in zip(found, paragraphs, strict=True):
        assert one["context"] == other["context"]
        keys = ("id", "question", "answers")
        assert one["qas"] == [{key: item[key] for key in keys} for item in other["qas"]]


@pytest.mark.parametrize("ending", [ending.format(side="en") for ending in ENDINGS.values()])
def test_rows_of_another_format(tmp_path, ending):
    written(tmp_path, [{"other": 1}] * 2)
    with pytest.raises(InputError, match=r"no column .*; found other, wanted .*check format"):
        convert(tmp_path / "rows", tmp_path / "out", ending, COLUMNS.get(format_of_ending(ending), {}), None)
    assert not (tmp_path / "out").exists()


TAGS = datasets.ClassLabel(names=["NOUN", "PUNCT", "ADP"])
TEXT, NUMBER = datasets.Value("string"), datasets.Value("int64")


@pytest.mark.parametrize(
    ("ending", "features", "row", "entry", "expected"),
    [
        # MasakhaPOS: classes with names. MasakhaNER 2 likewise, under ner_tags.
        ("tags", {"id": TEXT, "tokens": datasets.List(TEXT), "upos": datasets.List(TAGS)},
         {"id": "0", "tokens": ["Baraza", "la", "."], "upos": [0, 2, 1]}, {}, "Baraza\tNOUN\nla\tADP\n.\tPUNCT\n\n"),
        ("bio", {"tokens": datasets.List(TEXT), "tags": datasets.List(NUMBER)}, {"tokens": ["Lagos"], "tags": [1]},
         {"columns": {"tags": "tags"}, "labels": ["O", "B-LOC", "I-LOC"]}, "Lagos\tB-LOC\n\n"),
        # AfriXNLI: numbers without names.
        ("nli.tsv", {"premise": TEXT, "hypothesis": TEXT, "label": NUMBER},
         {"premise": "a", "hypothesis": "b", "label": 2}, {"labels": ["entailment", "neutral", "contradiction"]},
         "premise\thypothesis\tlabel\na\tb\tcontradiction\n"),
        # SIB-200: names, in a column called category.
        ("sentences.tsv", {"index_id": NUMBER, "category": TEXT, "text": TEXT},
         {"index_id": 1, "category": "science/technology", "text": "Habari\tya"}, {"columns": {"label": "category"}},
         "text\tlabel\nHabari ya\tscience/technology\n"),
    ],
)  # fmt: skip
def test_rows_of_datasets_for_african_languages(tmp_path, ending, features, row, entry, expected):
    """Columns as their cards and scripts have them."""
    source = HubDataset(hub="a/b", subset="{lang}", split="test", format=format_of_ending(ending), **entry)
    written(tmp_path, [row], datasets.Features(features))
    convert(
        tmp_path / "rows",
        tmp_path / "out",
        ending,
        **dict(zip(("names", "labels"), source.rows().values(), strict=True)),
    )
    assert (tmp_path / "out").read_text(encoding="utf-8") == expected


def test_class_without_a_name_is_one_line(tmp_path):
    written(tmp_path, [{"text": "a", "label": 3}])
    with pytest.raises(InputError, match=r"rows.*: class 3 of column label has no name; the names are yes, no"):
        convert(tmp_path / "rows", tmp_path / "out", "sentences.tsv", {}, ["yes", "no"])
    with pytest.raises(InputError, match="does not name the classes of column label; give labels"):
        convert(tmp_path / "rows", tmp_path / "out", "sentences.tsv", {}, None)


def test_dataset_has_codes_of_its_own_for_languages():
    sib = HubDataset(
        hub="Davlan/sib200", subset="{lang}", split="test", format="sentences", codes={"sw": "swh_Latn"},
        columns={"label": "category"}, revision=CONVERTED,
    )  # fmt: skip
    assert sib.file_of("sw", "en") == "datasets/Davlan/sib200/swh_Latn/test.sentences.tsv"
    assert sib.file_of("yo", "en") == "datasets/Davlan/sib200/yo/test.sentences.tsv"
    pair = OPUS.model_copy(update={"codes": {"sw": "swh", "en": "eng"}})
    assert pair.file_of("sw", "en") == "datasets/Helsinki-NLP/opus-100/eng-swh/train.swh.txt"
    with pytest.raises(ValueError, match="no column topic in format sentences; allowed are text, label"):
        HubDataset(hub="a/b", subset="c", split="test", format="sentences", columns={"topic": "category"})
    with pytest.raises(ValueError, match="refs/convert/parquet"):
        HubDataset(hub="a/b", subset="c", split="test", format="sentences", revision="main")


def test_file_that_is_no_parquet(tmp_path):
    (tmp_path / "a.parquet").write_text("<html>")
    with pytest.raises(
        InputError,
        match=r"a\.parquet: not a Parquet file, or a damaged one \(.*\); delete its folder",
    ):
        write_labelled(shards_of(tmp_path), Path(tmp_path / "out"), PAIRS, Columns())
    with pytest.raises(InputError, match="no Parquet file"):
        shards_of(tmp_path / "nowhere")


CONVERT = """
import socket, sys
from pathlib import Path
from alignfreeze.sources.hub import Columns, write_labelled
asked = []
socket.getaddrinfo = lambda *host, **_: asked.append(host) or []
write_labelled([Path(sys.argv[1])], "out.tsv", ("premise", "hypothesis"), Columns())
assert not asked, asked
"""


def test_conversion_asks_no_server(tmp_path):
    """Even where the user's environment lets the hub's libraries online; the folder's name is no pattern."""
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    row = {"premise": "a", "hypothesis": "b", "label": "neutral"}
    datasets.Dataset.from_list([row]).to_parquet(folder / "x.parquet")
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    command = [sys.executable, "-c", CONVERT, str(folder / "x.parquet")]
    environment |= {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "home"), "USE_TORCH": "0"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "out.tsv").read_text() == "premise\thypothesis\tlabel\na\tb\tneutral\n"
