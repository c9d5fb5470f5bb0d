"""Snakemake with public sources, served on loopback: fetched once, locked, then without any server."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from hub_server import HubServer, commit_of
from support import ROOT

pytestmark = pytest.mark.workflow
TINY = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
SIDE = {"hub": "owner/pairs", "subset": "{pair}", "split": "train", "format": "lines"}
TREEBANKS = {"universal_dependencies": "r2.15", "treebanks": {"de": "UD_German-GSD", "en": "UD_English-EWT"}}
TARGETS = ["results/remote/alignments/awesome/de.txt", "results/remote/alignments/dictionary/de.txt"]


def snakemake(folder, server, *arguments, check=True, **environment):
    inherited = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
    settings = {
        "HF_ENDPOINT": server.url,
        "UD_ENDPOINT": f"{server.url}/raw/ud",
        "MUSE_ENDPOINT": f"{server.url}/raw/muse",
    }
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", ROOT / "Snakefile", "--directory", folder]
    finished = subprocess.run(
        [*map(str, command), "--configfile", str(folder / "remote.yaml"), "--cores", "2"],
        capture_output=True, text=True, env=inherited | settings | {"HF_HOME": str(folder / "hf")} | environment,
    )  # fmt: skip
    output = finished.stdout + finished.stderr
    assert not check or finished.returncode == 0, output[-6000:]
    return output


@pytest.fixture(scope="module")
def hub(repositories):  # noqa: F811
    english = repositories / "raw/ud/UD_English-EWT/r2.15"
    english.mkdir(parents=True, exist_ok=True)
    for split, file in (("train", "train/en.conllu"), ("test", "test/en.conllu")):
        shutil.copy(ROOT / "data/demo" / file, english / f"en_ewt-ud-{split}.conllu")
    return repositories


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    config = TINY | {"experiment": "remote", "resources_lock": str(folder / "experiment.lock.json")}
    config["models"] = {"tiny": {"source": "hub:owner/tiny-bert"}}
    config["realignment"]["max_length"] = config["tasks"]["udpos"]["max_length"] = 60  # it takes 64 subwords
    config["diagnostics"] = {"conflict": config["diagnostics"]["conflict"]}
    config["language_sets"] = {"all": ["de"]}
    config["aligners"] = {"awesome": {"model": "tiny", "layer": 2}, "dictionary": {}}
    config["data"] = {
        "bitext": {
            "source": SIDE | {"side": "en"},
            "target": SIDE | {"side": "{lang}"},
            "sample": 60,
            "sample_seed": 0,
        },
        "dictionary": {"muse": "full"},
    }
    config["tasks"] = {
        "udpos": TINY["tasks"]["udpos"]
        | {"train": TREEBANKS | {"split": "train"}, "test": TREEBANKS | {"split": "test"}}
    }
    (folder / "remote.yaml").write_text(yaml.safe_dump(config))
    return folder


def test_every_artefact_is_planned_once(workspace, hub):
    with HubServer(hub) as server:
        plan = snakemake(workspace, server, "-n")
        assert server.requests == [], "planning needs no network"
    counts = dict(re.findall(r"^(\w+) +(\d+)$", plan.split("Job stats:")[-1], re.MULTILINE))
    assert {name: int(counts[name]) for name in counts if name.startswith(("fetch", "convert"))} == {
        "fetch_treebank": 3, "fetch_dictionary": 1, "fetch_dataset": 1, "convert_dataset": 2, "fetch_model": 1
    }  # fmt: skip
    files = ["de_gsd-ud-test.conllu", "en_ewt-ud-train.conllu", "en_ewt-ud-test.conllu"]
    assert all(file in plan for file in files)


def test_one_run_with_the_server_then_without(workspace, hub):
    treebanks = [
        f"resources/universal_dependencies/r2.15/{file}.conllu"
        for file in ("UD_German-GSD/de_gsd-ud-test", "UD_English-EWT/en_ewt-ud-train")
    ]
    with HubServer(hub) as server:
        snakemake(workspace, server, *TARGETS, *treebanks)
    lock = json.loads((workspace / "experiment.lock.json").read_text())
    assert list(lock) == [
        "datasets/owner/pairs/de-en/train", "models/hub/owner/tiny-bert", "muse/en-de.txt",
        "universal_dependencies/r2.15/UD_English-EWT/en_ewt-ud-train.conllu",
        "universal_dependencies/r2.15/UD_German-GSD/de_gsd-ud-test.conllu",
    ]  # fmt: skip
    assert lock["models/hub/owner/tiny-bert"]["revision"] == commit_of(hub / "models/owner/tiny-bert")
    plain = [workspace / f"resources/datasets/owner/pairs/de-en/train.{side}.txt" for side in ("en", "de")]
    assert [path.read_bytes() for path in plain] == [
        (ROOT / "data/demo/bitext" / f"{lang}.txt").read_bytes() for lang in ("en", "de")
    ]
    first = [(workspace / target).read_bytes() for target in TARGETS]

    # The server is gone: all that is derived can be made again.
    shutil.rmtree(workspace / "results")
    output = snakemake(workspace, server, *TARGETS, *treebanks, HF_HUB_OFFLINE="1")
    assert "fetch_" not in output
    assert [(workspace / target).read_bytes() for target in TARGETS] == first
    assert "Nothing to be done" in snakemake(workspace, server, *TARGETS, *treebanks)


def test_file_that_is_not_the_locked_one_stops_the_next_run(workspace, hub):
    file = workspace / "resources/muse/en-de.txt"
    content, state = file.read_bytes(), file.stat()
    file.write_bytes(content + b"word Wort\n")
    try:
        with HubServer(hub) as server:
            output = snakemake(workspace, server, "-n", *TARGETS, check=False)
        (line,) = [line for line in output.splitlines() if "SHA-256" in line]
        assert "resources/muse/en-de.txt" in line
        assert "experiment.lock.json" in line
    finally:
        file.write_bytes(content)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_failed_fetch_shows_its_line_and_keeps_no_output(workspace, hub, tmp_path):
    lock = shutil.copy(workspace / "experiment.lock.json", tmp_path)
    config = yaml.safe_load((workspace / "remote.yaml").read_text()) | {"resources_lock": str(lock)}
    (tmp_path / "remote.yaml").write_text(yaml.safe_dump(config))
    target = "resources/muse/en-de.txt"
    with HubServer(hub) as server:
        server.fail("/raw/muse", 404)
        output = snakemake(tmp_path, server, target, check=False)
    assert f"{server.url}/raw/muse/en-de.txt: the server says 404" in output
    assert "Traceback" not in output
    assert not (tmp_path / target).exists()


def test_files_of_a_web_server_are_fetched_once_and_locked(workspace, hub, tmp_path):
    config = yaml.safe_load((workspace / "remote.yaml").read_text()) | {"resources_lock": str(tmp_path / "lock.json")}
    (hub / "raw/tags").mkdir()
    for folder, tag in (("deu", "NOUN"), ("en", "INTJ")):
        (hub / f"raw/tags/{folder}.txt").write_text(f"Hallo {tag}\n\n")
    with HubServer(hub) as server:
        address = f"{server.url}/raw/tags".replace("://", "/")
        files = [f"resources/files/{address}/{folder}.txt.tags" for folder in ("deu", "en")]
        source = {"url": f"{server.url}/raw/tags/{{lang}}.txt", "format": "tags", "codes": {"de": "deu"}}
        config["tasks"]["udpos"]["test"] = source
        (tmp_path / "remote.yaml").write_text(yaml.safe_dump(config))
        server.fail("/raw/tags/deu", 503, times=1)
        output = snakemake(tmp_path, server, *files, files[0].replace("deu", "absent"), "--keep-going", check=False)
        assert [path for _, path in server.requests].count("/raw/tags/deu.txt") == 2, "tried again"
    assert f"{server.url}/raw/tags/absent.txt: the server says 404" in output
    assert "Traceback" not in output
    assert [(tmp_path / file).read_text() for file in files] == ["Hallo NOUN\n\n", "Hallo INTJ\n\n"]
    assert not (tmp_path / files[0].replace("deu", "absent")).exists()
    lock = json.loads((tmp_path / "lock.json").read_text())
    assert {key: entry["source"] for key, entry in lock.items()} == {
        file.removeprefix("resources/"): f"{server.url}/raw/tags/{folder}.txt"
        for file, folder in zip(files, ("deu", "en"), strict=True)
    }
    planned = snakemake(tmp_path, server, "-n")
    assert "fetch_treebank" in planned, "English training data"
    assert "fetch_file" not in planned, "these are the files that the task needs"
