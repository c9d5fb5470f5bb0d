"""From a YAML file to a checked experiment, or to all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alignfreeze.experiment.configuration.checks import OF_EXPERIMENTS, OF_SCORED, Surroundings
from alignfreeze.experiment.configuration.experiment import Experiment, PublishedExperiment
from alignfreeze.experiment.configuration.languages import members_of
from alignfreeze.experiment.configuration.messages import cut, explain
from alignfreeze.experiment.configuration.section import PARTIAL
from alignfreeze.languages.registry import OwnFacts, read_table
from alignfreeze.support.errors import InputError, quoted
from alignfreeze.support.paths import LANGUAGE


def load(
    config: Mapping[str, Any],
    *,
    file: str,
    base: Path,
    exists: Callable[[str], bool] | None = None,
) -> Experiment | PublishedExperiment:
    """Check a configuration.

    Parameters
    ----------
    config : mapping from str to object
        As YAML was read.
    file : str
        Name of the configuration in messages.
    base : Path
        Where relative paths of data and models start.
    exists : callable, optional
        Whether a data file is there, from its path in the configuration; it is looked for below `base` by default.

    Returns
    -------
    Experiment or PublishedExperiment

    Raises
    ------
    InputError
        The configuration is wrong; one line for each error.
    """
    kind = PublishedExperiment if "published" in config else Experiment
    try:
        experiment, problems = kind.model_validate(config), []
    except ValidationError as error:
        problems = list(explain(error, kind, config))
        experiment = kind.model_validate(config, context=PARTIAL)
    own, unreadable = _own_facts(experiment, base)
    problems += unreadable
    experiment, wrong_sets = _with_members(experiment, own)
    problems += wrong_sets
    around = Surroundings(own, exists or (lambda path: (base / path).is_file()), base)
    problems += _further_problems(experiment, around, list(problems))
    if problems:
        raise InputError("\n".join(f"{file}: {cut(problem)}" for problem in dict.fromkeys(problems)))
    return experiment


def _with_members(experiment: Experiment | PublishedExperiment, own: OwnFacts) -> tuple[Any, list[str]]:
    """The experiment with the languages of every set in place of how they are chosen."""
    if not isinstance(sets := experiment.language_sets, dict):
        return experiment, []
    members, problems = members_of(sets, experiment.source_language, own)
    return experiment.model_copy(update={"language_sets": members}), problems


def _own_facts(experiment: Experiment | PublishedExperiment, base: Path) -> tuple[OwnFacts, list[str]]:
    """The user's own facts about languages, and what is wrong with them."""
    path = experiment.language_facts
    if not isinstance(path, str):
        return {}, []
    try:
        own = read_table(base / path)
    except InputError as error:
        return {}, [f"language_facts: {error}"]
    wrong = [code for code in own if not re.fullmatch(LANGUAGE, code)]
    return own, [f"language_facts: {path}: code {quoted(code)}; letters, digits and - are allowed" for code in wrong]


def _further_problems(
    experiment: Experiment | PublishedExperiment, around: Surroundings, known: list[str]
) -> Iterator[str]:
    """What is wrong between sections, beside what is known already of the same keys."""
    keys = tuple(f"{problem.partition(': ')[0]}." for problem in known)
    checks = [*OF_SCORED, *(OF_EXPERIMENTS if isinstance(experiment, Experiment) else ())]
    for check in checks:
        try:
            for problem in check(experiment, around):  # type: ignore[arg-type]
                key = f"{problem.partition(': ')[0]}."
                if not any(key.startswith(other) or other.startswith(key) for other in keys):
                    yield problem
        except (AttributeError, KeyError, TypeError, ValidationError):
            if not known:  # else it meets what is MISSING, which is known
                raise


MOST_BITS = 1_000
KINDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "timestamp": "a date"}


class _Loader(yaml.SafeLoader):
    """YAML in which no key stands twice, and whose errors all have a line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """What a node says; of a date, a number or a text that cannot be, the line is named."""
        try:
            found = super().construct_object(node, deep)
            if isinstance(found, int) and found.bit_length() > MOST_BITS:
                raise ValueError("too many digits")
            if isinstance(found, str):
                found.encode()  # YAML can write half of a pair of UTF-16, UTF-8 cannot
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(
                problem=f"{quoted(node.value)} found, which cannot be read as {KINDS.get(kind, kind)}",
                problem_mark=node.start_mark,
            ) from error
        return found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a key that stands twice is an error, not silently the last."""
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge" or not isinstance(key_node, yaml.ScalarNode):
                continue
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key_node.value} stands twice; remove one of the two",
                    problem_mark=key_node.start_mark,
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a configuration without checking it.

    Parameters
    ----------
    path : str or Path
        The YAML file.

    Returns
    -------
    dict from str to object

    Raises
    ------
    InputError
        The file is missing, or no YAML of keys and values; with its line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the path of a configuration") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no UTF-8; save the file as UTF-8") from error
    try:
        config = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        written = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
        problem = "a tab; YAML indents with spaces, replace it" if "\t" in written else error.problem
        raise InputError(f"{path}{line}: {problem}") from error
    except RecursionError as error:
        raise InputError(f"{path}: nested too deeply; see config.yaml for an example") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: no keys with values; see config.yaml for an example")
    return config
