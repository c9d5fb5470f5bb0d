"""The one lock file, and what must agree with it."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


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


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_environments_agree_with_the_lock_file(path):
    (packages,) = [part["pip"] for part in yaml.safe_load(path.read_text())["dependencies"] if isinstance(part, dict)]
    versions = dict(package.split("==") for package in packages)
    assert {name: locked()[canonical(name)] for name in versions} == versions


def test_every_rule_names_an_environment_that_exists():
    named = set()
    for rules in (ROOT / "rules").glob("*.smk"):
        named |= set(re.findall(r'"\.\./envs/(\w+)\.yaml"', rules.read_text()))
    assert named == {path.stem for path in ENVIRONMENTS}


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
