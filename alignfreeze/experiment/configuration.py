"""Check an experiment's configuration: all errors at once, each naming file, key, value found and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from alignfreeze.analysis.names import BASELINE
from alignfreeze.sources.lock import CONLLU, DICTIONARY, format_of, languages_without
from alignfreeze.support.errors import InputError

SOURCE_LANGUAGE = "en"
MAX_LENGTH = 96
STRIDE = 32
# Format that each place of the configuration wants of a public source.
FORMATS = {
    "data.bitext.source": "lines",
    "data.bitext.target": "lines",
    "data.dictionary": DICTIONARY,
    "tasks.udpos": CONLLU,
    "tasks.wikiann": "bio",
    "tasks.xnli": "nli",
    "tasks.xquad": "squad",
}
# Data of a task, by key.
TASK_DATA = ("train", "test", "test_source")
SECTIONS = ("models", "language_sets", "data", "aligners", "realignment", "tasks")


def load_schema(path: str | Path) -> dict:
    """Read a JSON schema that is written as YAML."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def check(config: dict, schema: dict, file: str, languages: Iterable[str], exists: Callable[[str], bool]) -> None:
    """Raise with all that is wrong, one line each.

    Parameters
    ----------
    config : as YAML was read.
    schema : see schemas/config.schema.yaml.
    file : name of the configuration in messages.
    languages : codes that the project knows.
    exists : whether a data file is there, from its path in the configuration.

    Raises
    ------
    InputError : the configuration is wrong.
    """
    # One line for several errors of one cause, e.g. for each key that is missing.
    problems = list(dict.fromkeys(_schema_problems(config, schema)))
    if "published" not in config:
        problems += _further_problems(config, set(languages), exists, problems)
    if problems:
        raise InputError("\n".join(f"{file}: {problem}" for problem in dict.fromkeys(problems)))


def _schema_problems(config: dict, schema: dict) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: [str(part) for part in e.absolute_path]):
        yield from _explain(error)


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    key = ".".join(str(part) for part in error.absolute_path) or "top level"
    found = error.instance
    if "propertyNames" in error.schema_path and not isinstance(found, str):
        yield f"{key}: key {found!r} is not text; YAML reads a bare no as false, put it in quotes"
        return
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            for name in sorted(set(found) - set(allowed), key=str):
                yield f"{_join(key, name)}: unknown key{_suggest(name, allowed)}; allowed are {', '.join(allowed)}"
        case "required":
            missing = [name for name in error.validator_value if name not in found]
            yield f"{key}: {', '.join(missing)} missing; required are {', '.join(error.validator_value)}"
        case "enum":
            yield f"{key}: {found!r} found{_suggest(found, error.validator_value)}; allowed are {_listed(error)}"
        case "type" if isinstance(found, bool):
            yield (
                f"{key}: {found} found, {error.validator_value} wanted"
                + ('; YAML reads a bare no as false, write "no" for Norwegian' if found is False else "")
            )
        case "type" if isinstance(found, str) and error.validator_value in ("number", "integer"):
            yield f"{key}: text {found!r} found, {error.validator_value} wanted{_as_number(found)}"
        case "uniqueItems":
            twice = sorted({str(item) for item in found if found.count(item) > 1})
            yield f"{key}: {', '.join(twice)} stands twice; list each once"
        case "anyOf":
            options = [_option(option) for option in error.validator_value]
            names = [name for option in error.validator_value for name in option.get("enum", [])]
            yield f"{key}: {found!r} found{_suggest(found, names)}; allowed are {' or '.join(options)}"
        case "pattern":
            yield f"{key}: {found!r} found; {error.schema.get('description', f'must match {error.validator_value}')}"
        case _:
            yield f"{key}: {found!r} found; {error.message}"


def _join(key: str, name: Any) -> str:
    return str(name) if key == "top level" else f"{key}.{name}"


def _suggest(found: Any, allowed: Iterable[Any]) -> str:
    near = difflib.get_close_matches(str(found), [str(name) for name in allowed], 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _listed(error: jsonschema.ValidationError) -> str:
    return ", ".join(str(value) for value in error.validator_value)


def _option(option: dict) -> str:
    if "enum" in option:
        return ", ".join(str(value) for value in option["enum"])
    if option.get("type") == "array":
        return "[first block, end block]"
    return {"integer": "a whole number", "object": "one by model"}.get(option.get("type"), str(option.get("type")))


def _as_number(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return ""
    if "e" not in text.lower():
        return " (remove the quotes)"
    short, exact = f"{value:.1e}", repr(value)
    if float(short) != value:  # YAML wants a point in the mantissa
        short = exact if "." in exact else exact.replace("e", ".0e")
    return f" (YAML reads {text} as text: write {short})"


def _further_problems(
    config: dict, languages: set[str], exists: Callable[[str], bool], known: list[str]
) -> Iterator[str]:
    """What is wrong between parts, beside what is known already of the same keys."""
    if not all(isinstance(config.get(name, {}), dict) for name in SECTIONS):
        return
    keys = tuple(f"{problem.partition(': ')[0]}." for problem in known)
    for check_part in (
        _set_problems,
        _name_problems,
        _bitext_problems,
        _aligner_problems,
        _task_problems,
        _missing_files,
    ):
        try:
            for problem in check_part(config, languages, exists):
                key = f"{problem.partition(': ')[0]}."
                if not any(other.startswith(key) for other in keys):
                    yield problem
        except (AttributeError, KeyError, TypeError):
            if not known:  # else the part cannot be checked: it is missing or not of its kind, and that is known
                raise


def strategy_settings(entry: str | list[int] | dict) -> dict:
    """A strategy in full: what it freezes, when it realigns, and its weight beside the task if that is meanwhile."""
    defaults = {"schedule": "before", "weight": 0.1}
    return defaults | (entry if isinstance(entry, dict) else {"freeze": entry})


def languages_of(config: dict, langs: str) -> list[str]:
    """Languages of a language set; a code that is no set's name is a set of one."""
    return list(config["language_sets"].get(langs, [langs]))


def evaluated_languages(config: dict, task: str, langs: str) -> list[str]:
    """Languages in which a task is scored for a language set or code; none where the task has none of them.

    A task with a set of its own has the languages of that set alone. A set is scored beside the source language.
    """
    asked, own = languages_of(config, langs), config["tasks"][task].get("evaluate")
    if own is not None:
        asked = [code for code in asked if code in {SOURCE_LANGUAGE, *languages_of(config, own)}]
    return [SOURCE_LANGUAGE, *asked] if asked and langs in config["language_sets"] else asked


def evaluation_data(task: dict, language: str) -> str | dict:
    """A task's entry for the test data of a language; the source language may have one of its own."""
    return task.get("test_source", task["test"]) if language == SOURCE_LANGUAGE else task["test"]


def _set_problems(config: dict, languages: set[str], _: Callable[[str], bool]) -> Iterator[str]:
    for name, members in config["language_sets"].items():
        if name in languages:
            yield f"language_sets.{name}: a set's name must not be a language code"
        for code in members:
            if code not in languages:
                yield (
                    f"language_sets.{name}: {code!r} is no language of this project{_suggest(code, languages)}; "
                    f"allowed are {', '.join(sorted(languages))}"
                )
            elif code == SOURCE_LANGUAGE:
                yield f"language_sets.{name}: 'en' is the source language and is always evaluated; remove it"


def _name_problems(config: dict, languages: set[str], _: Callable[[str], bool]) -> Iterator[str]:
    sets = config["language_sets"]
    named = [("evaluate", config["evaluate"]), ("realignment.pairs", config["realignment"]["pairs"])]
    named += [
        (f"tasks.{name}.evaluate", task["evaluate"]) for name, task in config["tasks"].items() if "evaluate" in task
    ]
    for key, name in named:
        if name not in sets and name not in languages:
            yield f"{key}: {name!r} found{_suggest(name, sets)}; allowed are {', '.join(sets)} or a language code"


def _task_problems(config: dict, *_: Any) -> Iterator[str]:
    strategies = config["realignment"]["strategies"]
    for strategy in strategies:
        if strategy == BASELINE:
            yield "realignment.strategies.baseline: the baseline has no realignment and is always run; remove it"
    for name, task in config["tasks"].items():
        for strategy in task.get("strategies", ()):
            if strategy not in strategies:
                yield (
                    f"tasks.{name}.strategies: {strategy!r} found{_suggest(strategy, strategies)}; "
                    f"allowed are the keys of realignment.strategies: {', '.join(strategies)}"
                )
        if task["realignment_steps"] == "match_finetuning" and "train_items" not in task:
            yield f"tasks.{name}.train_items: missing; match_finetuning needs the number of training items"
        if isinstance(items := task.get("train_items"), dict) and items.keys() != config["models"].keys():
            yield (
                f"tasks.{name}.train_items: numbers for {', '.join(items) or 'no model'}; "
                f"wanted is one for each of the models: {', '.join(config['models'])}"
            )
        longest = task.get("max_length", MAX_LENGTH)
        if 2 * task.get("stride", STRIDE if name == "xquad" else 0) > longest:
            yield (
                f"tasks.{name}.stride: {task.get('stride', STRIDE)} found; "
                f"at most half of max_length ({longest // 2}) lets windows move on"
            )


def _aligner_problems(config: dict, *_: Any) -> Iterator[str]:
    aligners = config["aligners"]
    for name, task in config["tasks"].items():
        for aligner in task["aligners"]:
            if aligner not in aligners:
                yield (
                    f"tasks.{name}.aligners: {aligner!r} found{_suggest(aligner, aligners)}; "
                    f"allowed are the keys of aligners: {', '.join(aligners)}"
                )
    model = aligners.get("awesome", {}).get("model")
    if model is not None and model not in config["models"]:
        yield f"aligners.awesome.model: {model!r} found; allowed are the keys of models: {', '.join(config['models'])}"
    fit_pairs, sample = aligners.get("fastalign", {}).get("fit_pairs"), config["data"]["bitext"].get("sample")
    if fit_pairs is not None and (sample is None or fit_pairs <= sample):
        yield (
            f"aligners.fastalign.fit_pairs: {fit_pairs} found, but data.bitext.sample is {sample or 'all pairs'}; "
            "it must be more than the sample, on which FastAlign is fitted anyway"
        )
    if "dictionary" in aligners and "dictionary" not in config["data"]:
        yield "data.dictionary: missing; the aligner dictionary needs it"


def _bitext_problems(config: dict, *_: Any) -> Iterator[str]:
    bitext = config["data"]["bitext"]
    for side in ("source", "target"):
        if "pairs" in bitext and side in bitext:
            yield f"data.bitext.{side}: data.bitext.pairs holds both sides; remove one of the two keys"


def _missing_files(config: dict, languages: set[str], exists: Callable[[str], bool]) -> Iterator[str]:
    data, evaluated, pairs = config["data"], config["evaluate"], config["realignment"]["pairs"]
    # Key, pattern, and the language set that needs it; None: the source language.
    wanted: list[tuple[str, str, str | None]] = [
        (f"data.bitext.{part}", data["bitext"][part], pairs)
        for part in (["pairs"] if "pairs" in data["bitext"] else ["source", "target"])
    ]
    if "dictionary" in data and "dictionary" in config["aligners"]:
        wanted.append(("data.dictionary", data["dictionary"], pairs))
    for key, pattern in data.get("gold", {}).items():
        wanted.append((f"data.gold.{key}", pattern, evaluated))
    for name, task in config["tasks"].items():
        wanted.append((f"tasks.{name}.train", task["train"], None))
        own = "test_source" if "test_source" in task else "test"
        wanted.append((f"tasks.{name}.{own}", task[own], None))
        if (langs := task.get("evaluate", evaluated)) != SOURCE_LANGUAGE:
            wanted.append((f"tasks.{name}.test", task["test"], langs))
    revisions: dict[str, str | None] = {}
    for key, pattern, name in wanted:
        codes = sorted(set(languages_of(config, name)) & languages) if name else [SOURCE_LANGUAGE]
        if isinstance(pattern, dict):
            yield from _source_problems(key, pattern, codes, revisions)
            continue
        absent = {code: pattern.replace("{lang}", code) for code in codes}
        absent = {code: path for code, path in absent.items() if not exists(path)}
        if absent and "{lang}" not in pattern:
            yield f"{key}: no file {pattern}; give the path of an existing file"
        else:
            for code, path in absent.items():
                advice = (
                    f"add it or take {code!r} out of the language set {name}" if name else "every task needs English"
                )
                yield f"{key}: language {code!r} has no file {path}; {advice}"


def _source_problems(key: str, source: dict, codes: list[str], revisions: dict[str, str | None]) -> Iterator[str]:
    wanted = next(form for place, form in FORMATS.items() if key.startswith(place))
    if format_of(source) != wanted:
        yield f"{key}: {format_of(source)} found; a source here must give {wanted}"
    for code in languages_without(source, codes):
        yield f"{key}.treebanks: language {code!r} has no treebank; add it or take {code!r} out of the language set"
    if "hub" in source and revisions.setdefault(source["hub"], source.get("revision")) != source.get("revision"):
        yield f"{key}.revision: {source['hub']} has another revision elsewhere; write the same one everywhere"


def dataset_revisions(config: dict) -> dict[str, str | None]:
    """Hub datasets that the configuration names, with their pinned commits."""
    entries = [*config.get("data", {}).get("bitext", {}).values(), config.get("data", {}).get("dictionary")]
    entries += [task.get(part) for task in config.get("tasks", {}).values() for part in TASK_DATA]
    return {entry["hub"]: entry.get("revision") for entry in entries if isinstance(entry, dict) and "hub" in entry}
