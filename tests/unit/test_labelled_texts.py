import csv
import json
from collections import Counter

import pytest
from support import ROOT

from alignfreeze.data.labelled import INFERENCE_LABELS as LABELS
from alignfreeze.data.labelled import PAIR as COLUMNS
from alignfreeze.data.labelled import SENTENCE, read_labelled
from alignfreeze.support.errors import InputError

XNLI = ROOT.parent / "shared" / "data" / "xnli"
PAIR = {"premise": 'He said "no', "hypothesis": "He spoke", "label": "entailment"}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_the_header_and_quotes_are_text(tmp_path):
    text = 'label\tid\thypothesis\tpremise\nentailment\t7\tHe spoke\tHe said "no\nneutral\t8\tb\ta\n'
    pairs = read_labelled(write(tmp_path / "en.tsv", text), COLUMNS, LABELS)
    assert (pairs.texts[0], pairs.texts[1], pairs.labels) == (
        ['He said "no', "a"], ["He spoke", "b"], ["entailment", "neutral"],
    )  # fmt: skip
    assert len(pairs) == 2
    assert pairs.first(1).texts[0] == ['He said "no']


def test_json_lines_hold_the_same(tmp_path):
    lines = "".join(json.dumps(pair) + "\n" for pair in (PAIR, PAIR | {"genre": "x", "label": "neutral"}))
    pairs = read_labelled(write(tmp_path / "en.jsonl", lines), COLUMNS, LABELS)
    assert pairs.labels == ["entailment", "neutral"]
    assert pairs.texts[0] == [PAIR["premise"]] * 2


def test_sentences_have_a_text_and_any_label(tmp_path):
    read = read_labelled(write(tmp_path / "sw.tsv", "label\ttext\nsports\tTimu yashinda\n"), SENTENCE)
    assert (read.texts, read.labels) == ([["Timu yashinda"]], ["sports"])
    with pytest.raises(InputError, match="label 'sports' found; allowed are politics"):
        read_labelled(tmp_path / "sw.tsv", SENTENCE, ["politics"])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "x.tsv",
            "a\tb\tentailment\n",
            r"x\.tsv:1: header \['a', 'b', 'entailment'\] found; it must name premise, hyp",
        ),
        ("x.tsv", "", r"x\.tsv:1: header \[\] found"),
        ("x.tsv", "premise\thypothesis\tlabel\n", r"x\.tsv: no example found"),
        ("x.tsv", "premise\thypothesis\tlabel\na\tb\n", r"x\.tsv:2: 2 fields, but the header has 3"),
        (
            "x.tsv",
            "premise\thypothesis\tlabel\na\tb\tc\n",
            r"x\.tsv:2: label 'c' found; allowed are entailment, neutral",
        ),
        ("x.tsv", "premise\thypothesis\tlabel\na\t\tneutral\n", r"x\.tsv:2: no text in hypothesis"),
        ("x.jsonl", json.dumps(PAIR) + "\n{,}\n", r"x\.jsonl:2: not JSON"),
        ("x.jsonl", "[1]\n", r"x\.jsonl:1: '\[1\]' found; every line is one object"),
        ("x.jsonl", json.dumps(PAIR | {"label": 0}) + "\n", r"x\.jsonl:1: no text in label; a row has premise"),
        ("x.jsonl", "", r"x\.jsonl: no example found"),
        ("x.jsonl", "[" * 100_000, r"x\.jsonl:1: nested too deeply; every line is one object"),
        ("x.jsonl", "9" * 5_000, r"x\.jsonl:1: a number has too many digits"),
        ("x.jsonl", json.dumps(PAIR | {"premise": "a\udc00"}), r"x\.jsonl:1: a lone surrogate"),
        ("x.tsv", "premise\thypothesis\tlabel\tlabel\na\tb\tneutral\tneutral\n", r"x\.tsv:1: .* once each"),
        ("x.tsv", f"premise\thypothesis\tlabel\na\tb\t{'c' * 20_000}\n", r"label 'c{100}' \.\.\. \(20000 char"),
    ],
)
def test_bad_file_is_named(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_labelled(write(tmp_path / name, text), COLUMNS, LABELS)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not XNLI.is_dir(), reason="the public XNLI samples are not beside this checkout")
@pytest.mark.parametrize("path", sorted(XNLI.glob("*.tsv")), ids=lambda path: path.name)
def test_reads_what_the_csv_module_reads(path):
    pairs = read_labelled(path, COLUMNS, LABELS)
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert pairs.texts[0] == [row["premise"] for row in rows]
    assert pairs.texts[1] == [row["hypothesis"] for row in rows]
    assert pairs.labels == [row["label"] for row in rows]
    if "train" not in path.name:
        assert Counter(pairs.labels) == dict.fromkeys(LABELS, 100)
