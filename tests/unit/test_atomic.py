import platform
import signal
import subprocess
import sys

import pytest
from support import ROOT

from alignfreeze.support.atomic import atomic_directory, atomic_file


def killed_in(code, *arguments):
    """Run Python code in another process that kills itself as the system would."""
    lines = [
        "import os, signal, sys, shutil",
        "from pathlib import Path",
        "from alignfreeze.support import atomic",
    ]
    lines += ["die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)", code]
    command = [sys.executable, "-c", "\n".join(lines), *map(str, arguments)]
    result = subprocess.run(command, env={"PYTHONPATH": str(ROOT)})
    assert result.returncode == -signal.SIGKILL


def interrupted_write(path):
    path.write_text("ha")
    raise KeyboardInterrupt


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def visible(folder):
    return [name for name in names(folder) if not name.startswith(".")]


def test_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "scores.csv"
    with atomic_file(path) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == path.parent, "renaming must not cross file systems"
        assert temporary.suffix == ".csv"
        assert not path.exists()
        written = temporary.stat().st_ino
    assert path.read_text() == "whole"
    assert path.stat().st_ino == written, "renamed, not copied"
    assert names(path.parent) == ["scores.csv"]


@pytest.mark.parametrize("before", [None, "old"])
def test_file_is_as_before_after_an_exception(tmp_path, before):
    path = tmp_path / "scores.csv"
    if before:
        path.write_text(before)
    with pytest.raises(KeyboardInterrupt), atomic_file(path) as temporary:
        interrupted_write(temporary)
    assert names(tmp_path) == (["scores.csv"] if before else [])
    assert not before or path.read_text() == before


@pytest.mark.parametrize("before", [None, "old"])
def test_file_is_as_before_after_a_kill(tmp_path, before):
    path = tmp_path / "scores.csv"
    if before:
        path.write_text(before)
    killed_in("with atomic.atomic_file(sys.argv[1]) as t:\n t.write_text('ha')\n die()", path)
    assert visible(tmp_path) == (["scores.csv"] if before else [])
    assert not before or path.read_text() == before


def test_file_that_was_not_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "x"):
        pass
    assert names(tmp_path) == []


def test_directory_appears_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "a" / "model"
    for content in ("first", "second"):
        with atomic_directory(path) as temporary:
            (temporary / "sub").mkdir()
            (temporary / "sub" / content).write_text(content)
        assert [p.name for p in (path / "sub").iterdir()] == [content]
    assert names(path.parent) == ["model"]


@pytest.mark.parametrize("before", [False, True])
def test_directory_is_as_before_after_an_exception(tmp_path, before):
    path = tmp_path / "model"
    if before:
        path.mkdir()
        (path / "weights").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_directory(path) as temporary:
        interrupted_write(temporary / "weights")
    assert names(tmp_path) == (["model"] if before else [])
    assert not before or (path / "weights").read_text() == "old"


def test_directory_is_as_before_after_a_kill(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "weights").write_text("old")
    killed_in("with atomic.atomic_directory(sys.argv[1]) as t:\n (t / 'weights').write_text('ha')\n die()", path)
    assert visible(tmp_path) == ["model"]
    assert (path / "weights").read_text() == "old"


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_directory_is_never_a_part_wherever_the_kill_comes(tmp_path, call):
    """Killed while the old folder is removed or renamed: there is the old one, the new one, or none; never a part."""
    path = tmp_path / "model"
    path.mkdir()
    for name in ("weights", "config"):
        (path / name).write_text("old")
    code = """
calls = []
def watch(event, arguments):
    if event in ("os.remove", "os.rename", "os.rmdir"):
        calls.append(event)
        if len(calls) == int(sys.argv[2]):
            die()
with atomic.atomic_directory(sys.argv[1]) as t:
    for name in ("weights", "config"):
        (t / name).write_text("new")
    sys.addaudithook(watch)
die()
"""
    killed_in(code, path, call)
    if path.exists():
        assert sorted(p.name for p in path.iterdir()) == ["config", "weights"]
        assert len({p.read_text() for p in path.iterdir()}) == 1
    assert visible(tmp_path) in ([], ["model"])


def write(kind, path, content):
    if kind == "file":
        with atomic_file(path) as temporary:
            temporary.write_text(content)
    else:
        with atomic_directory(path) as temporary:
            (temporary / "weights").write_text(content)


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_next_attempt_removes_what_a_killed_process_left(tmp_path, kind):
    write(kind, tmp_path / "model.x", "old")
    code = "with getattr(atomic, f'atomic_{sys.argv[2]}')(sys.argv[1]) as t:\n"
    code += " (t if sys.argv[2] == 'file' else t / 'weights').write_text('ha')\n die()"
    killed_in(code, tmp_path / "model.x", kind)
    assert len(names(tmp_path)) == 2
    write(kind, tmp_path / "other.x", "new")
    assert len(names(tmp_path)) == 3, "another output is none of its business"
    write(kind, tmp_path / "model.x", "new")
    assert names(tmp_path) == ["model.x", "other.x"]


def test_next_attempt_removes_a_replaced_folder_too(tmp_path):
    """Killed after the old folder has been set aside."""
    write("directory", tmp_path / "model", "old")
    code = """
moves = iter([None, die])
def watch(event, arguments):
    if event == "os.rename" and (act := next(moves)):
        act()
with atomic.atomic_directory(sys.argv[1]) as t:
    sys.addaudithook(watch)
"""
    killed_in(code, tmp_path / "model")
    assert sorted(name.rpartition(".")[2] for name in names(tmp_path)) == ["old", "tmp"]
    write("directory", tmp_path / "model", "new")
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_a_living_process_or_another_host_writes_stays(tmp_path, kind):
    suffix = ".csv" if kind == "file" else ""
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [f".x.{platform.node()}.{living.pid}.tmp{suffix}", f".x.another-{platform.node()}.{dead.pid}.tmp{suffix}"]
    for name in [*kept, f".x.{platform.node()}.{dead.pid}.tmp{suffix}"]:
        (tmp_path / name).touch()
    write(kind, tmp_path / f"x{suffix}", "new")
    assert names(tmp_path) == sorted([*kept, f"x{suffix}"])
    living.communicate()
