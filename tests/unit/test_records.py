import json
import platform
import subprocess

import pytest

from alignfreeze.support import records
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import git_commit, read_run_record, write_run_record


def test_record_holds_what_a_number_goes_back_to(tmp_path):
    (tmp_path / "weights").write_bytes(b"abc")
    write_run_record(
        tmp_path, output="results/x", settings={"freeze": "front", "range": (0, 3)}, seed=31, device="cpu",
        seconds=1.234, steps=7, tokens_per_second=10.5,
    )  # fmt: skip
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["settings"] == {"freeze": "front", "range": [0, 3]}
    assert (record["seed"], record["device"], record["wall_seconds"], record["steps"]) == (31, "cpu", 1.23, 7)
    assert record["packages"]["torch"].startswith("2.")
    assert record["peak_memory_mib"]["resident"] > 10
    assert record.keys() >= {"python", "git_commit", "tokens_per_second"}
    assert record["files"] == {"weights": file_checksum(tmp_path / "weights")}
    assert record["output"] == "results/x"
    assert read_run_record(tmp_path) == record


def test_record_does_not_name_what_a_killed_process_left(tmp_path):
    """A kill while run.json was written left its temporary file, which is no part of the checkpoint."""
    process = subprocess.Popen(["true"])
    process.wait()
    left = tmp_path / f".run.{platform.node()}.{process.pid}.tmp.json"
    left.write_text("{")
    (tmp_path / "weights").write_bytes(b"abc")
    write_run_record(tmp_path, output="x", settings={}, seed=31, device="cpu", seconds=1.0)
    assert read_run_record(tmp_path)["files"].keys() == {"weights"}
    assert not left.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"files": [1]}', b"[" * 100_000])
def test_damaged_record_is_one_line(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"{tmp_path}/run\.json: damaged .*; delete the folder {tmp_path} and run"):
        read_run_record(tmp_path)


def test_package_that_an_environment_does_without_is_no_obstacle(tmp_path, monkeypatch):
    """The training environment has no FastAlign."""
    monkeypatch.setattr(records, "PACKAGES", ("torch", "no-such-package"))
    write_run_record(tmp_path, output="x", settings={}, seed=1, device="cpu", seconds=0)
    assert json.loads((tmp_path / "run.json").read_text())["packages"]["no-such-package"] is None


def test_checksum_is_that_of_the_usual_tool(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_checksum(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        command = ["git", "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "a").write_text("a")
    git("add", "a")
    git("commit", "-qm", "first")
    return git


def test_commit_is_marked_where_files_differ(checkout, tmp_path):
    commit = checkout("rev-parse", "HEAD")
    checkout("tag", "v1")
    assert git_commit(tmp_path) == commit
    (tmp_path / "untracked").write_text("b")
    assert git_commit(tmp_path) == commit
    (tmp_path / "a").write_text("b")
    assert git_commit(tmp_path) == f"{commit}-dirty"


def test_outside_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "below").mkdir()
    assert git_commit(tmp_path / "below") is None


def test_why_git_does_not_tell_the_commit_is_said(checkout, tmp_path, monkeypatch, caplog):
    """Another user's checkout, as root in a container sees it; git has a switch for its tests."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert git_commit(tmp_path) is None
    assert "git_commit is null: fatal: detected dubious ownership in repository" in caplog.text
    caplog.clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    caplog.set_level("INFO")
    assert git_commit(tmp_path) is None
    assert "git cannot be run (No such file or directory)" in caplog.text
