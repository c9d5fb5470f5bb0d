"""The public interface: every function on real data, what comes back, and what a wrong argument says."""

import doctest
import json
import os
import re
import subprocess
import sys

import huggingface_hub
import huggingface_hub.constants
import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from hub_server import TOKEN, HubServer, commit_of
from support import ROOT, tiny_encoder, wordpiece_tokenizer

import alignfreeze
from alignfreeze import InputError
from alignfreeze.data.treebank import UPOS
from alignfreeze.interface import alignment, evaluation
from alignfreeze.interface import bitext as bitext_module
from alignfreeze.tasks.settings import TaggingSettings

ENGLISH = ["a b ab", "c d", "e f g", "h a c"]
OTHER = ["hab ha hb", "hd hc", "hg he hf", "hc ga ha"]
LINKS = [[(0, 1), (1, 2), (2, 0)], [(0, 1), (1, 0)], [(0, 1), (1, 2), (2, 0)], [(0, 2), (1, 1)]]
SETTINGS = {"freeze": "front", "steps": 2, "batch_size": 2, "max_length": 16, "learning_rate": 1e-2, "device": "cpu"}


@pytest.fixture
def bitext():
    return alignfreeze.load_bitext(ENGLISH, OTHER)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny BERT as its authors would publish it."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny-bert"
    tiny_encoder("bert").save_pretrained(folder)
    wordpiece_tokenizer().save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder


@pytest.fixture
def in_memory():
    return alignfreeze.load_encoder(tiny_encoder("bert"), wordpiece_tokenizer())


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


# Bitext


def test_bitext_from_lists_files_and_one_file_is_the_same(tmp_path):
    (tmp_path / "en.txt").write_text("\n".join(ENGLISH) + "\n")
    (tmp_path / "de.txt").write_text("\n".join(OTHER) + "\n")
    pairs = "".join(f"{a}\t{b}\n" for a, b in zip(ENGLISH, OTHER, strict=True))
    (tmp_path / "both.tsv").write_text(pairs)
    from_lists = alignfreeze.load_bitext(ENGLISH, OTHER)
    assert from_lists.source == [line.split() for line in ENGLISH]
    assert alignfreeze.load_bitext([line.split() for line in ENGLISH], [tuple(line.split()) for line in OTHER]) == (
        from_lists
    )
    assert alignfreeze.load_bitext(tmp_path / "en.txt", str(tmp_path / "de.txt")) == from_lists
    assert alignfreeze.load_bitext(tmp_path / "both.tsv") == from_lists


def test_words_are_found_by_icu_where_asked():
    bitext = alignfreeze.load_bitext(["Don't go."], ["ฉันรักแมว"], segment=("en", "th"))
    assert bitext.source == [["Don't", "go", "."]]
    assert bitext.target == [["ฉัน", "รัก", "แมว"]]


def test_a_sample_is_drawn_alike_from_lists_and_files(tmp_path):
    lines = [f"w{i}" for i in range(50)]
    (tmp_path / "x").write_text("\n".join(lines) + "\n")
    from_lists = alignfreeze.load_bitext(lines, lines, sample=7, seed=3)
    assert len(from_lists) == 7
    assert alignfreeze.load_bitext(tmp_path / "x", tmp_path / "x", sample=7, seed=3) == from_lists
    assert alignfreeze.load_bitext(lines, lines, sample=7, seed=4) != from_lists


def test_pairs_with_an_empty_side_are_left_out():
    assert len(alignfreeze.load_bitext(["a", "", "b"], ["x", "y", " "])) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["a"], ["x", "y"]), InputError, "target: 2 sentences, but source has 1"),
        ((["a"], [""]), InputError, "no sentence pair with words on both sides"),
        ((["a"], "de.txt"), TypeError, "source: list found beside a path"),
        (("en.txt", ["x"]), TypeError, "target: list found beside a path"),
        ((["a"],), TypeError, "target: missing"),
        ((3, ["x"]), TypeError, "source: int found"),
        (([["a"], "b"], ["x", "y"]), TypeError, r"source\[1\]: 'b' found"),
        (([1], ["x"]), TypeError, r"source\[0\]: 1 found"),
        (("nowhere.txt", "nowhere.txt"), InputError, "nowhere.txt: no such file"),
    ],
)
def test_wrong_bitext(arguments, error, message):
    with pytest.raises(error, match=message):
        alignfreeze.load_bitext(*arguments)


def test_segment_takes_two_codes():
    with pytest.raises(TypeError, match="segment: 'en' found; give two language codes"):
        alignfreeze.load_bitext(["a"], ["x"], segment="en")


def test_links_are_written_and_read(tmp_path, bitext):
    alignfreeze.save_links(tmp_path / "links", LINKS)
    assert alignfreeze.load_links(tmp_path / "links", bitext) == [sorted(links) for links in LINKS]


# Alignment


def test_dictionary_from_a_dict_or_a_file(tmp_path):
    bitext = alignfreeze.load_bitext(["The cat sleeps"], ["die Katze schläft"])
    (tmp_path / "muse").write_text("cat katze\nsleeps schläft\n")
    words = {"Cat": "Katze", "sleeps": ["schläft", "ruht"]}
    for dictionary in (words, tmp_path / "muse"):
        assert alignfreeze.align(bitext, "dictionary", dictionary=dictionary) == [[(1, 1), (2, 2)]]


def test_fastalign_links_what_occurs_together(bitext):
    lines = [f"{a} {b}" for a in "abcd" for b in "efgh"] * 5
    bitext = alignfreeze.load_bitext(lines, [line.upper().replace(" ", " x ") for line in lines])
    links = alignfreeze.align(bitext, "fastalign", iterations=5)
    assert np.mean([{(0, 0), (1, 2)} <= set(pair) for pair in links]) > 0.9


def test_awesome_is_the_aligner_of_the_workflow(bitext, in_memory):
    from alignfreeze.aligners.awesome import align
    from alignfreeze.aligners.settings import AwesomeSettings
    from alignfreeze.encoders.subwords import WordTokenizer

    words = WordTokenizer(in_memory.tokenizer, 64)
    expected = list(align(bitext, in_memory.model, words, AwesomeSettings(layer=2), torch.device("cpu")))
    assert alignfreeze.align(bitext, encoder=in_memory, device="cpu") == expected, "half of four blocks"
    settings = {"layer": 4, "extraction": "argmax"}
    expected = list(align(bitext, in_memory.model, words, AwesomeSettings(**settings), torch.device("cpu")))
    assert alignfreeze.align(bitext, "awesome", encoder=in_memory, device="cpu", **settings) == expected


@pytest.mark.parametrize(
    ("aligner", "settings", "error", "message"),
    [
        ("giza", {}, InputError, "aligner: 'giza' found; allowed are awesome, fastalign, dictionary"),
        ("awesome", {}, TypeError, "aligner awesome needs encoder="),
        ("dictionary", {}, TypeError, "aligner dictionary needs dictionary="),
        ("dictionary", {"dictionary": 3}, TypeError, "dictionary: int found"),
        ("fastalign", {"layer": 3}, TypeError, "aligner fastalign has no setting 'layer'; it has iterations"),
        ("fastalign", {"iterations": 0}, InputError, "iterations: 0 found; "),
    ],
)
def test_wrong_aligner(bitext, aligner, settings, error, message):
    with pytest.raises(error, match=message):
        alignfreeze.align(bitext, aligner, **settings)


def test_align_takes_a_bitext():
    with pytest.raises(TypeError, match="bitext: list found; give a Bitext"):
        alignfreeze.align(["a"], "fastalign")


# Encoders


def test_a_folder_and_a_model_in_memory(checkpoint):
    loaded = alignfreeze.load_encoder(checkpoint)
    assert (loaded.base.name, loaded.base.licence, loaded.trainings) == (str(checkpoint), "apache-2.0", [])
    again = alignfreeze.load_encoder(loaded.model, loaded.tokenizer)
    assert again.model is loaded.model
    assert alignfreeze.load_encoder(loaded) is loaded


def test_a_model_with_a_head_is_taken_without_it():
    config = tiny_encoder("bert").config
    model = transformers.BertForMaskedLM(config)
    assert alignfreeze.load_encoder(model, wordpiece_tokenizer()).model is model.bert


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        ((3,), {}, TypeError, "model: int found; give a folder"),
        (("nowhere",), {}, InputError, "nowhere: no such folder; on the hub it is OWNER/NAME"),
        (("a/b/c",), {}, InputError, "a/b/c: no such folder"),
        ((tiny_encoder("bert"),), {}, TypeError, "tokenizer: missing"),
        ((tiny_encoder("bert"), "t"), {}, TypeError, "tokenizer: str found"),
        ((str(ROOT), wordpiece_tokenizer()), {}, TypeError, "tokenizer: given beside a name"),
        ((str(ROOT),), {"revision": "x"}, InputError, "revision: given beside the folder"),
        ((str(ROOT / "docs"),), {}, InputError, "docs: no config.json"),
    ],
)
def test_wrong_model(arguments, settings, error, message):
    with pytest.raises(error, match=message):
        alignfreeze.load_encoder(*arguments, **settings)


# Realignment


def test_realign_is_the_realigner_of_the_workflow_and_leaves_the_model_alone(bitext, in_memory, tmp_path):
    from alignfreeze.encoders.subwords import WordTokenizer
    from alignfreeze.realignment.objective import Realigner
    from alignfreeze.realignment.settings import RealignmentSettings
    from alignfreeze.realignment.word_pairs import PairRows, build_rows, write_rows

    before = weights(in_memory.model)
    found = alignfreeze.realign(in_memory, {"de": bitext}, alignments={"de": LINKS}, seed=5, **SETTINGS)
    assert all(torch.equal(before[name], value) for name, value in in_memory.model.state_dict().items())

    write_rows(tmp_path / "de", build_rows(bitext, LINKS, WordTokenizer(in_memory.tokenizer, 16)))
    expected = tiny_encoder("bert")
    settings = RealignmentSettings(freeze="front", batch_size=2, learning_rate=1e-2)
    Realigner(expected, {"de": PairRows(tmp_path / "de")}, settings, 5, torch.device("cpu")).run([2])
    assert all(torch.equal(value, expected.state_dict()[name]) for name, value in found.model.state_dict().items())
    after = found.model.state_dict()
    changed = [name for name, value in before.items() if not torch.equal(value, after[name])]
    moved = {name.split(".")[2] for name in changed if "layer." in name}
    assert moved == {"2"}, "blocks 0 and 1 are frozen, the last one is above the layer that is read"


@pytest.mark.parametrize("chosen", [{"word": "last"}, {"word": "mean"}, {"objective": "sentences"}])
def test_other_words_and_sentences_are_those_of_the_workflow(bitext, in_memory, tmp_path, chosen):
    """In the library and in the workflow; each gives weights of its own, and blocks that are frozen stay."""
    from alignfreeze.encoders.subwords import WordTokenizer
    from alignfreeze.realignment.objective import Realigner
    from alignfreeze.realignment.settings import RealignmentSettings
    from alignfreeze.realignment.word_pairs import PairRows, build_rows, build_sentence_rows, write_rows

    links = {} if "objective" in chosen else {"alignments": LINKS}
    # Longer words: `hab` is one subword of h, which is unknown; these have several.
    bitext = alignfreeze.load_bitext(ENGLISH, ["dab da db", "dd dc", "dg de df", "dc ga da"])
    found = alignfreeze.realign(in_memory, bitext, **links, **SETTINGS, **chosen)
    paper = alignfreeze.realign(in_memory, bitext, alignments=LINKS, **SETTINGS)
    words = WordTokenizer(in_memory.tokenizer, 16)
    rows = build_rows(bitext, LINKS, words, chosen["word"]) if links else build_sentence_rows(bitext, words)
    write_rows(tmp_path / "de", rows)
    expected = tiny_encoder("bert")
    settings = RealignmentSettings(freeze="front", batch_size=2, learning_rate=1e-2, **chosen)
    Realigner(expected, {"und": PairRows(tmp_path / "de")}, settings, 31, torch.device("cpu")).run([2])
    before, after = weights(in_memory.model), weights(found.model)
    assert all(torch.equal(value, after[name]) for name, value in weights(expected).items())
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert {name.split(".")[2] for name in changed if "layer." in name} == {"2"}
    assert not all(torch.equal(value, after[name]) for name, value in weights(paper.model).items())
    (training,) = found.trainings
    assert training.settings["alignments"] == ("given" if links else "none")
    assert chosen.items() <= training.settings.items()


def test_default_steps_are_one_pass(bitext, in_memory):
    settings = {**SETTINGS, "steps": None, "batch_size": 3}
    both = {"de": bitext, "fr": alignfreeze.load_bitext(ENGLISH[:3], OTHER[:3])}
    links = {"de": LINKS, "fr": LINKS[:3]}
    found = alignfreeze.realign(in_memory, both, alignments=links, **settings)
    # One pair of each language in turn until the shorter one ends: 2 x 3 pairs, 3 a step.
    assert found.trainings[0].steps == 2


def test_what_was_done_is_written_and_survives(bitext, checkpoint, tmp_path):
    out = tmp_path / "new" / "realigned"
    alignfreeze.realign(
        checkpoint, {"de": bitext}, alignments={"de": LINKS}, out=out, description="Toy, CC0", seed=7, **SETTINGS
    )
    loaded = transformers.AutoModel.from_pretrained(out)
    assert loaded.config.num_hidden_layers == 4
    transformers.AutoTokenizer.from_pretrained(out)
    encoder = alignfreeze.load_encoder(out)
    (training,) = encoder.trainings
    assert encoder.base.name == str(checkpoint)
    assert (training.seed, training.steps, training.settings["freeze"]) == (7, 2, "front")
    assert training.data["de"]["sentence_pairs"] == training.data["de"]["used_pairs"] == 4
    assert [step for step, _ in training.loss] == [1, 2]
    again = alignfreeze.realign(encoder, bitext, alignments=LINKS, **SETTINGS)
    assert [t.seed for t in again.trainings] == [7, 31]


def test_the_card_states_settings_data_and_licence(bitext, checkpoint):
    found = alignfreeze.realign(
        checkpoint, {"de": bitext}, alignments={"de": LINKS}, description="Toy corpus, CC0", **SETTINGS
    )
    card = huggingface_hub.ModelCard(found.card())
    metadata = card.data.to_dict()
    assert metadata["license"] == "apache-2.0"
    assert metadata["language"] == ["de"]
    assert {"alignfreeze", "realignment"} <= set(metadata["tags"])
    assert "base_model" not in metadata, "a folder is no name on the hub"
    for text in (
        "| freeze | front |",
        "| learning_rate | 0.01 |",
        "2 steps, seed 31",
        "Toy corpus, CC0",
        "| de | 4 | 4 |",
    ):
        assert text in card.text


def test_a_card_without_a_licence_says_so(in_memory):
    assert "license" not in huggingface_hub.ModelCard(in_memory.card()).data.to_dict()
    assert "Not stated by the base model" in in_memory.card()


def test_a_folder_that_holds_something_is_kept(bitext, in_memory, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already; choose a new folder"):
        alignfreeze.realign(in_memory, bitext, alignments=LINKS, out=tmp_path, **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"freeze": "frnt"}, InputError, "freeze: 'frnt' found"),
        ({"freeze": [3, 9]}, InputError, "an encoder of 4 blocks"),
        ({"steps": "10"}, TypeError, "steps: str found; give a whole number"),
        ({"steps": 0}, InputError, "steps: 0 found"),
        ({"learning_rate": -1.0}, InputError, "learning_rate: -1.0 found"),
        ({"learnig_rate": 1.0}, TypeError, "realign has no setting 'learnig_rate'; it has batch_size"),
        ({"max_length": 999}, InputError, "max_length: 999 found, but the model takes 64"),
        ({"device": 3}, TypeError, "device: int found"),
        ({"device": "tpu"}, InputError, "device: 'tpu' found"),
        ({"alignments": LINKS[:2]}, InputError, "links of 2 pairs, but the bitext has 4"),
        ({"alignments": {"fr": LINKS}}, InputError, "in one of them only"),
        ({"alignments": [[]] * 4}, InputError, "und: no sentence pair with a word pair"),
        ({"objective": "sentences"}, InputError, "alignments: the objective sentences uses no word links"),
        ({"objective": "sentence"}, InputError, "objective: 'sentence' found"),
        ({"word": "middle"}, InputError, "word: 'middle' found"),
        ({"out": 3}, TypeError, "folder: int found"),
    ],
)
def test_wrong_realignment(bitext, in_memory, change, error, message):
    with pytest.raises(error, match=message):
        alignfreeze.realign(in_memory, bitext, **{"alignments": LINKS, **SETTINGS, **change})


@pytest.mark.parametrize(
    ("bitext", "message"),
    [
        (ENGLISH, "bitext: list found"),
        ({}, "bitext: dict found"),
        ({3: None}, "key 3 found"),
        ({"de": "x"}, r"bitext\['de'\]: str"),
    ],
)
def test_wrong_kind_of_bitext(in_memory, bitext, message):
    with pytest.raises(TypeError, match=message):
        alignfreeze.realign(in_memory, bitext, **SETTINGS)


# Retrieval, fine-tuning, evaluation, comparison


def test_retrieval_of_two_models_side_by_side(bitext, in_memory):
    realigned = alignfreeze.realign(in_memory, bitext, alignments=LINKS, **{**SETTINGS, "steps": 30})
    gold = {"de": (bitext, LINKS)}
    tables = [alignfreeze.retrieve(model, gold, max_length=16, device="cpu") for model in (in_memory, realigned)]
    assert list(tables[0].layer) == [2, 4]
    assert set(tables[0].n) == {20}
    found = alignfreeze.compare(*tables)
    assert list(found.columns) == ["language", "metric", "layer", "before", "after", "difference", "n"]
    assert (found.difference == found.after - found.before).all()
    assert list(found.before) == list(tables[0].value)
    mean = alignfreeze.retrieve(realigned, gold, max_length=16, word="mean", device="cpu")
    assert list(mean.value) != list(tables[1].value)
    with pytest.raises(InputError, match="word: 'middle' found; allowed are first, last, mean"):
        alignfreeze.retrieve(realigned, gold, word="middle")


def test_compare_refuses_different_data():
    row = {"language": "de", "metric": "accuracy", "value": 0.5, "n": 10}
    one = pd.DataFrame([row])
    with pytest.raises(InputError, match="language fr, metric accuracy, n 10: only in the table before"):
        alignfreeze.compare(pd.DataFrame([row, row | {"language": "fr"}]), one)
    with pytest.raises(InputError, match="n 9: only in the table after"):
        alignfreeze.compare(one, pd.DataFrame([row | {"n": 9}]))
    with pytest.raises(InputError, match="one has layers"):
        alignfreeze.compare(pd.DataFrame([row | {"layer": 3}]), one)
    with pytest.raises(TypeError, match="after: list found"):
        alignfreeze.compare(one, [row])
    with pytest.raises(TypeError, match="before: columns"):
        alignfreeze.compare(pd.DataFrame([{"x": 1}]), one)


def test_a_missing_value_stays_missing():
    row = {"language": "de", "metric": "retrieval", "layer": 2, "n": 0}
    found = alignfreeze.compare(pd.DataFrame([row | {"value": np.nan}]), pd.DataFrame([row | {"value": 0.5}]))
    assert found.difference.isna().all()


def conllu(path, sentences):
    lines = []
    for sentence in sentences:
        for number, word in enumerate(sentence.split(), 1):
            tag = "NOUN" if word in "abcd" else "VERB"
            lines.append("\t".join([str(number), word, "_", tag, *"______"]))
        lines.append("")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_fine_tune_save_load_evaluate(in_memory, tmp_path):
    train = conllu(tmp_path / "train.conllu", ENGLISH * 4)
    settings = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "max_length": 16, "device": "cpu"}
    before = weights(in_memory.model)
    tuned = alignfreeze.finetune(in_memory, "udpos", train, out=tmp_path / "tuned", **settings)
    assert all(torch.equal(before[name], value) for name, value in in_memory.model.state_dict().items())
    assert tuned.trainings[-1].steps == 8
    tests = {"en": train, "de": conllu(tmp_path / "de.conllu", OTHER)}
    scores = alignfreeze.evaluate(tuned, tests, device="cpu")
    assert list(scores.language) == ["en", "de"]
    assert list(scores.n) == [44, 11]
    assert scores.value.between(0, 1).all()
    pd.testing.assert_frame_equal(alignfreeze.evaluate(tmp_path / "tuned", tests, device="cpu"), scores)
    again = alignfreeze.load_task_model(tmp_path / "tuned")
    assert (again.task, again.encoding) == ("udpos", TaggingSettings(max_length=16, labels=list(UPOS)).model_dump())
    assert "token-classification" in again.card()
    in_memory.save_pretrained(tmp_path / "encoder")
    with pytest.raises(InputError, match="no task in alignfreeze.json"):
        alignfreeze.evaluate(tmp_path / "encoder", tests)


def test_wrong_task(in_memory):
    with pytest.raises(InputError, match="task: 'pos' found; allowed are udpos, wikiann, xnli, xquad"):
        alignfreeze.finetune(in_memory, "pos", "x")
    with pytest.raises(TypeError, match="train: list found"):
        alignfreeze.finetune(in_memory, "udpos", [])
    with pytest.raises(TypeError, match="an Encoder has no task"):
        alignfreeze.evaluate(in_memory, "x")
    with pytest.raises(TypeError, match="finetune has no setting 'epoch'"):
        alignfreeze.finetune(in_memory, "udpos", "x", epoch=1)


def test_damaged_record(checkpoint, tmp_path):
    for path in checkpoint.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "alignfreeze.json").write_text('{"base": 3}')
    with pytest.raises(InputError, match="alignfreeze.json: damaged"):
        alignfreeze.load_encoder(tmp_path)


# The hub, on loopback, in a process of its own, since its client reads its settings once.

ON_THE_HUB = """
import sys
import torch
import alignfreeze

token, *names = sys.argv[1:]
for name, revision in (argument.split("@") for argument in names):
    try:
        alignfreeze.load_encoder(name, revision=revision or None)
    except alignfreeze.InputError as error:
        print(error)
bitext = alignfreeze.load_bitext(["a b", "c d"], ["hb ha", "hd hc"])
links = [[(0, 1), (1, 0)]] * 2
settings = {"steps": 1, "batch_size": 2, "device": "cpu", "max_length": 16}
realigned = alignfreeze.realign("owner/tiny-bert", {"de": bitext}, alignments={"de": links}, **settings)
try:
    realigned.push_to_hub("me/realigned", token="hf_wrong")
except alignfreeze.InputError as error:
    print(error)
print(realigned.push_to_hub("me/realigned", token=token))
again = alignfreeze.load_encoder("me/realigned")
both = [encoder.model.state_dict() for encoder in (realigned, again)]
same = all(torch.equal(value, both[1][name]) for name, value in both[0].items())
print(same, again.base.name, again.base.revision, len(again.trainings))
print(realigned.push_to_hub("me/realigned", token=token))
"""


def test_fetch_realign_publish_fetch_again(checkpoint, tmp_path):
    repository = tmp_path / "hub" / "models" / "owner" / "tiny-bert"
    repository.mkdir(parents=True)
    for path in checkpoint.iterdir():
        (repository / path.name).write_bytes(path.read_bytes())
    (repository / "onnx").mkdir()
    (repository / "onnx" / "config.json").write_text("{}")
    (repository / "pytorch_model.bin").write_bytes(b"pickle")
    inherited = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
    names = ["owner/none@", f"owner/tiny-bert@{'f' * 40}", "owner/closed@"]
    with HubServer(tmp_path / "hub") as hub:
        hub.fail("owner/closed", (403, {}))
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
        settings |= {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}
        finished = subprocess.run(
            [sys.executable, "-c", ON_THE_HUB, TOKEN, *names],
            env=inherited | settings, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-3000:]
    *refused, first, again, unchanged = finished.stdout.splitlines()
    assert refused == [
        "model owner/none: no such folder, and not on the hub, or private; check its name, or log in",
        "model owner/tiny-bert: no such revision on the hub; check revision",
        "model owner/closed: the hub says 403; log in (hf auth login) or set HF_TOKEN",
        "model me/realigned: the hub says 401; log in (hf auth login) or set HF_TOKEN",
    ]
    published, commit = tmp_path / "hub" / "models" / "me" / "realigned", commit_of(repository)
    assert first == unchanged == f"{hub.url}/me/realigned/commit/{commit_of(published)}"
    assert again == f"True owner/tiny-bert {commit} 1"
    assert not any("onnx" in path or path.endswith(".bin") for _, path in hub.requests)
    assert {path.name for path in published.iterdir()} >= {"model.safetensors", "config.json", "README.md"}
    card = huggingface_hub.ModelCard((published / "README.md").read_text())
    assert card.data.to_dict() | {"tags": None} == {
        "base_model": "owner/tiny-bert", "base_model_relation": "finetune", "language": ["de"],
        "library_name": "transformers", "license": "apache-2.0", "pipeline_tag": "feature-extraction", "tags": None,
    }  # fmt: skip
    assert commit in card.text
    record = json.loads((published / "alignfreeze.json").read_text())
    assert record["base"]["revision"] == commit


def test_offline_is_one_line():
    assert huggingface_hub.constants.HF_HUB_OFFLINE, "the whole suite is offline"
    with pytest.raises(InputError) as error:
        alignfreeze.load_encoder("owner/never-fetched")
    assert str(error.value) == (
        "model owner/never-fetched: no such folder, not fetched yet, and the hub cannot be asked; "
        "HF_HUB_OFFLINE is set; unset it"
    )


# Documentation


def test_examples_in_the_docstrings():
    for module in (alignment, bitext_module, evaluation):
        failed, tried = doctest.testmod(module, extraglobs={"load_bitext": alignfreeze.load_bitext})
        assert failed == 0, module.__name__
        assert tried, module.__name__


@pytest.mark.workflow
def test_the_examples_of_the_library_page_run_as_printed(tmp_path, monkeypatch):
    """One after the other, as a reader would type them, on the embedded model and data."""
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    (tmp_path / "examples.txt").write_text(examples, encoding="utf-8")
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(
        str(tmp_path / "examples.txt"), module_relative=False, optionflags=options, encoding="utf-8"
    )
    assert failed == 0
    assert tried == examples.count(">>>")


def test_the_library_page_names_every_public_name():
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8").partition("## All names")[2]
    assert set(re.findall(r"`(\w+)`", text)) >= set(alignfreeze.__all__) - {"__version__"}
