"""What the README promises in code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.workflow
def test_library_example_runs_as_printed(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "example.py").write_text(block)
    finished = subprocess.run(
        [sys.executable, "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert re.search(r"\[\(1, \d\.\d+\)", finished.stdout)


def test_every_local_link_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link


SHOWN = [
    ROOT / "README.md",
    ROOT / "Makefile",
    ROOT / "config.yaml",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").glob("*.yaml")),
    *sorted((ROOT / "profiles").rglob("*.yaml")),
]
COMMAND = re.compile(r"(?:^|[\s`/])snakemake (?=-|results/|[a-z]+ -)([^`\n|]*)")


def test_targets_of_shown_commands_stand_first():
    """Snakemake takes a target behind --resources, --config or --configfile for one more of their values."""
    commands = [
        (path.name, match[1].split("  #")[0].split())
        for path in SHOWN
        for match in COMMAND.finditer(path.read_text(encoding="utf-8"))
    ]
    assert len(commands) > 20
    with_target = 0
    for name, words in commands:
        options = words.index(next(word for word in words if word.startswith("-")))
        with_target += options > 0
        late = [word for word in words[options:] if word.startswith("results/") and not word.endswith(".html")]
        assert not late, f"{name}: snakemake {' '.join(words)}"
    assert with_target >= 6


def test_scripts_of_the_makefile_find_the_library():
    """A script in a folder does not see the checkout by itself."""
    calls = re.findall(r"^\t@?(.*)\$\(BIN\)/python ([\w/]+\.py)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(calls) >= 5
    for before, script in calls:
        needs = re.search(r"^(from|import) alignfreeze", (ROOT / script).read_text(encoding="utf-8"), re.MULTILINE)
        assert not needs or "PYTHONPATH=." in before, script
