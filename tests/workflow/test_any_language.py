"""Languages, a task and names that the paper has not, in one run of the whole chain with a tiny encoder.

German is the source language; Swahili and Yoruba are known by URIEL alone; the task masakhapos says its kind; sets are
given and chosen; strategies have names and labels of their own. Beside it a task of each other kind.
"""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from support import ROOT, tiny_encoder, wordpiece_tokenizer

from alignfreeze.data.treebank import read_treebank

pytestmark = pytest.mark.workflow
DEMO, SHARED = ROOT / "data" / "demo", ROOT.parent / "shared" / "data"
AFRICAN = {"sw": "Mtoto anasoma kitabu kizuri .", "yo": "Ọmọ náà ń ka ìwé dáadáa ."}
TAGS = ["NOUN", "VERB", "NOUN", "ADJ", "PUNCT"]
OTHERS = ["en", "ru", "el", "ar", "tr", "fi"]
PAIRS, SENTENCES = 24, 4


def tagged(words, tags):
    return "".join(f"{word} {tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"


def write(folder, language, part, text):
    (folder / f"{language}.{part}").write_text(text, encoding="utf-8")


def write_data(folder):
    """Small files of every language; real Swahili and Yoruba where they are beside this checkout."""
    german = (DEMO / "bitext" / "de.txt").read_text(encoding="utf-8").splitlines()[:PAIRS]
    for language in OTHERS:
        lines = (DEMO / "bitext" / f"{language}.txt").read_text(encoding="utf-8").splitlines()[:PAIRS]
        write(folder, language, "source.txt", "\n".join(german) + "\n")
        write(folder, language, "target.txt", "\n".join(lines) + "\n")
    for language, sentence in AFRICAN.items():
        ntrex = SHARED / "parallel" / f"en-{language}.{language}.txt"
        sides = [["Das Kind liest ein gutes Buch ."] * PAIRS, [sentence] * PAIRS]
        if ntrex.is_file():  # the same English sentences in every language: so German beside Swahili
            paths = (SHARED / "parallel" / "en-de.de.txt", ntrex)
            sides = [path.read_text(encoding="utf-8").splitlines()[:PAIRS] for path in paths]
        for part, lines in zip(("source", "target"), sides, strict=True):
            write(folder, language, f"{part}.txt", "\n".join(lines) + "\n")
    for language in ["de", *OTHERS, *AFRICAN]:
        masakhapos = SHARED / "masakhapos" / f"{language}.test.txt"
        if masakhapos.is_file():
            blocks = masakhapos.read_text(encoding="utf-8").split("\n\n")[:SENTENCES]
            text = "\n\n".join(blocks) + "\n\n"
        elif language in AFRICAN:
            words = AFRICAN[language].split()
            text = tagged(words, [*TAGS[:-1], *["X"] * (len(words) - len(TAGS)), TAGS[-1]]) * SENTENCES
        else:
            read = read_treebank(DEMO / "test" / f"{language}.conllu")
            text = "".join(map(tagged, read.words[:SENTENCES], read.tags[:SENTENCES]))
        write(folder, language, "tags.txt", text)
        rows = [
            f"{' '.join(line.split()[::2])}\t{'long' if len(line) > 60 else 'short'}" for line in text.split("\n\n")
        ]
        write(folder, language, "topics.tsv", "text\tlabel\n" + "\n".join(rows[:SENTENCES]) + "\n")
        sentences = [[line.split()[0] for line in lines.splitlines()] for lines in text.split("\n\n")[:SENTENCES]]
        write_of_other_kinds(folder, language, [words for words in sentences if words])


def write_of_other_kinds(folder, language, sentences):
    """Names are first words, a sentence follows from itself, and the answer is its last word but one."""
    spans = ["".join(f"{word}\t{'O' if i else 'B-X'}\n" for i, word in enumerate(words)) for words in sentences]
    write(folder, language, "spans.tsv", "\n".join(spans))
    others = [*sentences[1:], sentences[0]]
    pairs = [(one, one, "same") for one in sentences]
    pairs += [(one, other, "other") for one, other in zip(sentences, others, strict=True)]
    rows = [f"{' '.join(one)}\t{' '.join(two)}\t{label}" for one, two, label in pairs]
    write(folder, language, "pairs.tsv", "premise\thypothesis\tlabel\n" + "\n".join(rows) + "\n")
    paragraphs = []
    for number, words in enumerate(sentences):
        context, answer = " ".join(words), words[-2]
        answers = [{"text": answer, "answer_start": context.index(answer)}]
        asked = {"id": f"{language}-{number}", "question": words[0], "answers": answers}
        paragraphs.append({"context": context, "qas": [asked]})
    write(folder, language, "questions.json", json.dumps({"version": "1.1", "data": [{"paragraphs": paragraphs}]}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / "text").mkdir()
    write_data(folder / "text")
    tiny_encoder("bert").save_pretrained(folder / "tiny")
    wordpiece_tokenizer().save_pretrained(folder / "tiny")
    task = {
        "aligners": ["fastalign"], "realignment_steps": 2, "batch_size": 4, "epochs": 1, "max_length": 60,
    }  # fmt: skip
    text = str(folder / "text" / "{lang}")
    config = {
        "experiment": "any",
        "seeds": [31],
        "device": "cpu",
        "keep": "none",
        "source_language": "de",
        "models": {"tiny": {"source": f"path:{folder / 'tiny'}", "label": "A tiny BERT"}},
        "language_sets": {"all": [*AFRICAN, *OTHERS], "diverse7": {"choose": 7, "from": "all", "by": "diverse"}},
        "evaluate": "all",
        "data": {"bitext": {"source": f"{text}.source.txt", "target": f"{text}.target.txt"}},
        "aligners": {"fastalign": {}},
        "realignment": {
            "strategies": {"low_half": {"freeze": "front", "label": "the lower half"}},
            "languages": ["all", "diverse7"],
            "learning_rate": 1e-4,
            "batch_size": 4,
            "max_length": 60,
        },
        "tasks": {
            "masakhapos": task
            | {"kind": "tagging", "label": "MasakhaPOS", "train": f"{text}.tags.txt", "test": f"{text}.tags.txt"},
            "topics": task
            | {
                "kind": "sentences", "train": f"{text}.topics.tsv", "test": f"{text}.topics.tsv",
                "realignment_languages": ["diverse7"],
            },
        }
        | {
            name: task
            | {"kind": kind, "train": f"{text}.{file}", "test": f"{text}.{file}", "realignment_languages": ["diverse7"]}
            | ({"stride": 10} if kind == "questions" else {})
            for name, kind, file in (
                ("names", "spans", "spans.tsv"),
                ("entailment", "sentence_pairs", "pairs.tsv"),
                ("reading", "questions", "questions.json"),
            )
        },
    }  # fmt: skip
    (folder / "any.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", ROOT / "Snakefile"]
    finished = subprocess.run(
        [*map(str, command), "--directory", str(folder), "--configfile", str(folder / "any.yaml")],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200", "OMP_NUM_THREADS": "1"},
    )
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-6000:]
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def table(folder, name):
    return pd.read_csv(folder / "results/any/tables/all" / f"{name}.csv", keep_default_na=False)


def test_swahili_and_yoruba_are_scored_and_placed_in_uriel(folder):
    scores = table(folder, "scores")
    assert set(scores["language"]) == {"de", *AFRICAN, *OTHERS}
    facts = table(folder, "languages").set_index("language")
    assert facts.loc["sw", "name"] == "Swahili"
    assert facts.loc["yo", "name"] == "Yoruba"
    distances = facts.loc[["sw", "yo", "en"], "genetic"].astype(float)
    assert distances["en"] < min(distances["sw"], distances["yo"]), "from German, the source language"


def test_german_as_the_source_language_is_no_english_column(folder):
    main = table(folder, "main")
    assert "source" in main
    assert "english" not in main
    latex = (folder / "results/any/tables/all/main.tex").read_text(encoding="utf-8")
    assert "English" not in latex
    assert "Source" in latex
    scores = table(folder, "scores")
    german = scores[(scores["language"] == "de") & (scores["task"] == "masakhapos") & (scores["metric"] == "accuracy")]
    by_strategy = german.groupby("strategy")["value"].mean() * 100
    shown = main[main["task"] == "masakhapos"].groupby("strategy")["source"].mean()
    pd.testing.assert_series_equal(shown, by_strategy, check_names=False, atol=0.01)


def test_task_of_a_name_and_a_kind_of_its_own(folder):
    scores = table(folder, "scores")
    assert set(scores[scores["task"] == "masakhapos"]["metric"]) == {"accuracy"}
    assert set(scores[scores["task"] == "topics"]["metric"]) == {"accuracy", "macro_f1", "majority"}
    for task, metric in {"names": "f1", "entailment": "accuracy", "reading": "em"}.items():
        assert metric in set(scores[scores["task"] == task]["metric"])
    page = (folder / "results/any/page/index.html").read_text(encoding="utf-8")
    for written in ("MasakhaPOS", "A tiny BERT", "the lower half", "Swahili"):
        assert written in page, written


def test_sets_that_are_given_and_chosen(folder):
    scores = table(folder, "scores")
    runs = scores[scores["strategy"] == "low_half"].groupby("task")["realignment_languages"].unique()
    assert {task: set(sets) for task, sets in runs.items()} == {
        "masakhapos": {"all", "diverse7"}, **dict.fromkeys(("topics", "names", "entailment", "reading"), {"diverse7"}),
    }  # fmt: skip
    (run, *_) = sorted((folder / "results/any").rglob("realigned/**/diverse7/**/run.json")) or [None]
    if run is not None:  # keep: none
        assert len(json.loads(run.read_text())["languages"]) == 7


def test_what_needs_full_and_front_is_left_out(folder):
    names = {path.stem for path in (folder / "results/any/figures/all").iterdir()}
    assert not [name for name in names if "full" in name]
    assert all(path.stat().st_size > 500 for path in (folder / "results/any/figures/all").iterdir())
