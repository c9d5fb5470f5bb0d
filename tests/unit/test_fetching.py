"""Fetching for real, from a server on loopback: what goes well, and what a user's network will do."""

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import datasets
import pytest
import requests
from hub_server import HubServer, commit_of
from support import ROOT

from alignfreeze.data.bio import read_bio
from alignfreeze.data.labelled import PAIR, SENTENCE, read_labelled
from alignfreeze.data.squad import read_squad
from alignfreeze.sources import download as fetching
from alignfreeze.sources.formats import COLUMNS, CONVERTED
from alignfreeze.sources.hub import convert
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.errors import InputError

SHARED = ROOT.parent / "shared" / "data"
RUN = """
import json, logging, sys
from alignfreeze.sources import download as fetching
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.errors import InputError
logging.basicConfig(level=logging.WARNING, format="%(message)s")
fetching.WAIT, fetching.TIMEOUT = 0.01, 0.5
function, arguments, key = json.loads(sys.argv[1])
if function == "fetch_file":
    arguments[0] = getattr(fetching, arguments[0][0])(*arguments[0][1])
try:
    getattr(fetching, function)(*arguments, key, f"resources/{key}", ResourcesLock("lock.json", "resources"))
except InputError as error:
    print(f"ERROR {error}")
"""


def fetch(folder, server, function, arguments, key, **environment):
    """Fetch in a process of its own, since the hub's client reads its settings once; the error's line, or None."""
    settings = {
        "HF_ENDPOINT": server.url,
        "UD_ENDPOINT": f"{server.url}/raw/ud",
        "MUSE_ENDPOINT": f"{server.url}/raw/muse",
    }
    settings |= {"HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HOME": str(folder / "hf"), "PYTHONPATH": str(ROOT)}
    inherited = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
    finished = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps([function, arguments, key])],
        env=inherited | settings | environment, cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    print(finished.stdout)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("ERROR ")]
    assert len(finished.stdout.splitlines()) == len(lines) <= 1, "one line for each error"
    return lines[0].removeprefix("ERROR ") if lines else None


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def server(repositories):
    with HubServer(repositories) as running:
        yield running


TREEBANK = ("fetch_file", [["treebank_url", ["r2.15", "UD_German-GSD", "de_gsd-ud-test.conllu"]], "r2.15"])
DICTIONARY = ("fetch_file", [["dictionary_url", ["en-de.txt"]], "unversioned"])
DATASET = ("fetch_dataset", ["owner/pairs", "de-en", "train", None])
MODEL = ("fetch_model", ["owner/tiny-bert", None])
KEYS = {"treebank": "ud/de.conllu", "dictionary": "muse/en-de.txt", "dataset": "datasets/owner/pairs/de-en/train"}
KEYS |= {"model": "models/hub/owner/tiny-bert"}
CASES = {"treebank": TREEBANK, "dictionary": DICTIONARY, "dataset": DATASET, "model": MODEL}
ADDRESS = {"treebank": "/raw/ud/", "dictionary": "/raw/muse/", "dataset": "/cdn/datasets/", "model": "/cdn/models/"}


def locked(folder, key):
    return json.loads((folder / "lock.json").read_text())[key]


@pytest.mark.parametrize("kind", CASES)
def test_fetched_whole_and_locked_and_again_from_the_lock(kind, server, repositories, tmp_path):
    assert fetch(tmp_path, server, *CASES[kind], KEYS[kind]) is None
    artefact, entry = tmp_path / "resources" / KEYS[kind], locked(tmp_path, KEYS[kind])
    files = [artefact] if artefact.is_file() else list(artefact.iterdir())
    assert {file.name: sha256(file) for file in files} == entry["files"]
    sources = {
        "treebank": [repositories / "raw/ud/UD_German-GSD/r2.15/de_gsd-ud-test.conllu"],
        "dictionary": [repositories / "raw/muse/en-de.txt"],
        "dataset": sorted((repositories / "datasets/owner/pairs/de-en").iterdir()),
        "model": sorted(repositories.glob("models/owner/tiny-bert/*.json"))
        + [repositories / "models/owner/tiny-bert/model.safetensors"],
    }[kind]
    assert sorted(map(sha256, sources)) == sorted(entry["files"].values()), "nothing else: no pickle, no code"
    commits = {"dataset": "datasets/owner/pairs", "model": "models/owner/tiny-bert"}
    if kind in commits:
        assert entry["revision"] == commit_of(repositories / commits[kind])
    before = (tmp_path / "lock.json").read_bytes()
    assert fetch(tmp_path, server, *CASES[kind], KEYS[kind]) is None
    assert (tmp_path / "lock.json").read_bytes() == before
    assert [path.name for path in artefact.parent.iterdir()] == [artefact.name], "nothing half-written beside"


@pytest.mark.parametrize("fault", ["cut", ("stall", 1.5), 503])
@pytest.mark.parametrize("kind", CASES)
def test_what_passes_is_tried_again(kind, fault, server, tmp_path):
    server.fail(ADDRESS[kind], fault, times=1)
    assert fetch(tmp_path, server, *CASES[kind], KEYS[kind]) is None
    artefact = tmp_path / "resources" / KEYS[kind]
    files = [artefact] if artefact.is_file() else list(artefact.iterdir())
    assert {file.name: sha256(file) for file in files} == locked(tmp_path, KEYS[kind])["files"]
    assert len([path for method, path in server.requests if method == "GET" and path.startswith(ADDRESS[kind])]) > 1


@pytest.mark.parametrize("kind", CASES)
def test_slow_but_steady_is_waited_for(kind, server, tmp_path):
    server.fail(ADDRESS[kind], ("stall", 0.3))
    assert fetch(tmp_path, server, *CASES[kind], KEYS[kind]) is None


@pytest.mark.parametrize(
    ("kind", "fault", "said"),
    [
        ("treebank", "cut", "the connection broke off after"),
        ("treebank", 503, "the server says 503"),
        ("dataset", 503, "the hub says 503"),
        ("model", 504, "the hub says 504"),
    ],
)
def test_what_does_not_pass_is_one_line_and_leaves_nothing(kind, fault, said, server, tmp_path):
    server.fail("/api/" if kind == "model" else ADDRESS[kind], fault)
    line = fetch(tmp_path, server, *CASES[kind], KEYS[kind])
    assert "gave up after 5 attempts" in line
    assert said in line
    assert not (tmp_path / "resources" / KEYS[kind]).exists()
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("fetch_file", [["treebank_url", ["r2.15", "UD_German-XXX", "x.conllu"]], "r2.15"]), ["UD_German-XXX", "404"]),
        (("fetch_dataset", ["owner/nothing", "de-en", "train", None]), ["dataset owner/nothing", "not on the hub"]),
        (("fetch_dataset", ["owner/pairs", "de-en", "test", None]), ["split test", "there are de-en/train"]),
        (("fetch_dataset", ["owner/pairs", "de-en", "train", "1" * 40]), ["no such revision"]),
        (("fetch_dataset", ["owner/script", "de-en", "train", None]), ["loading scripts are not run"]),
        (("fetch_model", ["owner/nothing", None]), ["model owner/nothing", "not on the hub"]),
        (("fetch_model", ["owner/pickle", None]), ["model owner/pickle", "no safetensors"]),
    ],
)
def test_what_is_not_there_is_said_at_once(call, said, server, tmp_path):
    line = fetch(tmp_path, server, *call, "somewhere/x")
    assert all(part in line for part in said), line
    assert len(server.requests) <= 2, "tried again in vain"
    assert not (tmp_path / "resources" / "somewhere" / "x").exists()


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_gated_says_how_to_get_in(kind, status, server, tmp_path):
    gated = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to this repository is restricted."}
    server.fail("/resolve/|/cdn/", (status, gated))
    line = fetch(tmp_path, server, *CASES[kind], KEYS[kind])
    page = "datasets/owner/pairs" if kind == "dataset" else "owner/tiny-bert"
    assert f"gated; accept its terms at {server.url}/{page}" in line
    assert "HF_TOKEN" in line
    refused = [method for method, path in server.requests if "/resolve/" in path or path.startswith("/cdn/")]
    assert set(refused) == {"HEAD"}, "refused before any file is sent"


@pytest.mark.parametrize("kind", CASES)
def test_other_bytes_than_locked_are_refused(kind, server, tmp_path):
    assert fetch(tmp_path, server, *CASES[kind], KEYS[kind]) is None
    entry = locked(tmp_path, KEYS[kind])
    name = min(entry["files"])
    text = (tmp_path / "lock.json").read_text().replace(entry["files"][name], "0" * 64)
    (tmp_path / "lock.json").write_text(text)
    artefact = tmp_path / "resources" / KEYS[kind]
    before = artefact.stat().st_mtime_ns
    line = fetch(tmp_path, server, *CASES[kind], KEYS[kind])
    assert all(part in line for part in (name, "0" * 64, "lock.json")), line
    assert artefact.stat().st_mtime_ns == before, "what was there stays"
    assert (tmp_path / "lock.json").read_text() == text


def test_bytes_that_differ_from_what_the_hub_states(server, repositories, tmp_path, monkeypatch):
    """A damaged file is found at the first fetch, when nothing is locked yet."""
    real = server.repository

    def lie(request, **found):
        send = server.send

        def changed(request, status, headers, body=b"", fault=None):
            shard = repositories / "datasets/owner/pairs/de-en/train-00001-of-00002.parquet"
            send(request, status, headers, body.replace(sha256(shard).encode(), b"0" * 64), fault)

        server.send = changed
        try:
            real(request, **found)
        finally:
            server.send = send

    monkeypatch.setattr(server, "repository", lie)
    line = fetch(tmp_path, server, *DATASET, KEYS["dataset"])
    assert "train-00001-of-00002.parquet arrived with another SHA-256 than the hub states" in line
    assert not (tmp_path / "lock.json").exists()


def test_locked_revision_is_fetched_and_must_agree_with_the_configuration(server, tmp_path):
    assert fetch(tmp_path, server, *DATASET, KEYS["dataset"]) is None
    commit = locked(tmp_path, KEYS["dataset"])["revision"]
    line = fetch(tmp_path, server, "fetch_dataset", ["owner/pairs", "de-en", "train", "1" * 40], KEYS["dataset"])
    assert all(part in line for part in ("1" * 40, commit, "make them agree"))
    server.requests.clear()
    assert fetch(tmp_path, server, *DATASET, KEYS["dataset"]) is None
    assert {path.split("/revision/")[1] for _, path in server.requests if "/revision/" in path} == {commit}


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_offline_is_said_as_such(kind, server, tmp_path):
    line = fetch(tmp_path, server, *CASES[kind], KEYS[kind], HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in line
    assert server.requests == []


@pytest.mark.parametrize("kind", ["dictionary", "model"])
def test_no_server_at_all(kind, server, tmp_path):
    server.http.shutdown()
    server.http.server_close()
    line = fetch(tmp_path, server, *CASES[kind], KEYS[kind])
    assert "gave up after 5 attempts" in line
    assert "refused" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_disk_is_said_at_once(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "atomic_file", lambda path: nullcontext(Path("/dev/full")))
    lock = ResourcesLock(tmp_path / "lock.json", tmp_path)
    with pytest.raises(InputError) as caught:
        fetching.fetch_file(f"{server.url}/raw/muse/en-de.txt", "x", "x", tmp_path / "en-de.txt", lock)
    assert str(caught.value) == f"{tmp_path / 'en-de.txt'}: No space left on device; make room, then run again"
    assert len(server.requests) == 1, "tried again in vain"


@pytest.mark.parametrize("number", fetching.LOCAL)
def test_disk_that_cannot_be_written_is_not_the_network_s_fault(number, tmp_path, monkeypatch):
    """A file of the hub's client: as root nothing is forbidden, so the error is made."""
    calls = []

    def snapshot_download(*_, local_dir, **__):
        calls.append(local_dir)
        raise OSError(number, os.strerror(number), str(local_dir))

    file = SimpleNamespace(rfilename="en/test.parquet", lfs=None)
    info = SimpleNamespace(sha="1" * 40, siblings=[file])
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: SimpleNamespace(repo_info=lambda *_, **__: info))
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    lock = ResourcesLock(tmp_path / "lock.json", tmp_path)
    with pytest.raises(InputError) as caught:
        fetching.fetch_dataset("a/b", "en", "test", None, "x", tmp_path / "x", lock)
    if number in (errno.ENOSPC, errno.EDQUOT):
        said = (
            r"no space left for this folder on the disk mounted at \S+: [\d.,]+ [kMGT]?B are free "
            r"\(a quota may allow less\); make room, then run the same command again"
        )
        assert re.fullmatch(f"{re.escape(str(tmp_path / 'x'))}: {said}", str(caught.value))
    else:
        assert str(caught.value) == f"{tmp_path / 'x'}: {os.strerror(number)} ({calls[0]}); {fetching.LOCAL[number]}"
    assert len(calls) == 1, "tried again in vain"
    assert list(tmp_path.iterdir()) == [], "nothing half-written beside"


def test_folder_that_cannot_be_made(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    lock = ResourcesLock(tmp_path / "lock.json", tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match=r"folder/x: Permission denied \(\S+folder\); get write permission"):
        fetching.fetch_file("http://localhost:1", "x", "x", tmp_path / "folder" / "x", lock)


def test_network_that_forbids_is_tried_again(tmp_path, monkeypatch):
    """A firewall's refusal has the number of a missing permission, but is not about a file."""
    tried = []

    def refuse(url, **_):
        tried.append(url)
        raise requests.ConnectionError(PermissionError(errno.EACCES, "Permission denied"))

    monkeypatch.setattr(fetching, "WAIT", 0)
    monkeypatch.setattr("requests.get", refuse)
    lock = ResourcesLock(tmp_path / "lock.json", tmp_path)
    with pytest.raises(InputError, match="Permission denied; gave up after 5 attempts"):
        fetching.fetch_file("http://localhost:1", "x", "x", tmp_path / "x", lock)
    assert len(tried) == 5


def test_many_jobs_share_the_lock_file(server, tmp_path):
    """Eight fetches at once: eight entries."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, json.dumps([*DICTIONARY, f"muse/{number}.txt"])], cwd=tmp_path,
            env=os.environ | {"MUSE_ENDPOINT": f"{server.url}/raw/muse", "PYTHONPATH": str(ROOT)},
        )
        for number in range(8)
    ]  # fmt: skip
    assert [process.wait() for process in processes] == [0] * 8
    assert list(json.loads((tmp_path / "lock.json").read_text())) == [f"muse/{number}.txt" for number in range(8)]


def hub_rows(kind, path):
    """Rows and their features as the hub has them, from a file in the format that they are converted to."""
    text, number = datasets.Value("string"), datasets.Value("int32")
    if kind == "bio":
        classes = datasets.ClassLabel(
            names=["O", *(f"{side}-{name}" for name in ("PER", "ORG", "LOC") for side in "BI")]
        )
        read = read_bio(path, "hi")
        rows = [{"tokens": words, "ner_tags": tags} for words, tags in zip(read.words, read.tags, strict=True)]
        return rows, {"tokens": datasets.List(text), "ner_tags": datasets.List(classes)}
    if kind == "nli":
        labels = datasets.ClassLabel(names=["entailment", "neutral", "contradiction"])
        header, *lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return [dict(zip(header, line, strict=True)) for line in lines], dict.fromkeys(header, text) | {"label": labels}
    rows = [
        {"id": item["id"], "context": paragraph["context"], "question": item["question"]}
        | {"answers": {key: [answer[key] for answer in item["answers"]] for key in ("text", "answer_start")}}
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for item in paragraph["qas"]
    ]
    answers = {"text": datasets.List(text), "answer_start": datasets.List(number)}
    return rows, {"id": text, "context": text, "question": text, "answers": answers}


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared samples")
@pytest.mark.parametrize(
    ("kind", "file", "ending", "read"),
    [
        ("bio", "wikiann/hi.dev.tsv", "bio", lambda path: read_bio(path, "hi")),
        ("nli", "xnli/th.test.tsv", "nli.tsv", lambda path: read_labelled(path, PAIR)),
        ("squad", "xquad/xquad.zh.json", "squad.json", read_squad),
    ],
)
def test_real_rows_of_each_format_arrive_and_are_what_they_were(kind, file, ending, read, tmp_path):
    rows, features = hub_rows(kind, SHARED / file)
    subset = tmp_path / "hub" / "datasets" / "owner" / kind / "some"
    subset.mkdir(parents=True)
    half = len(rows) // 2
    for number, part in enumerate([rows[:half], rows[half:]]):
        table = datasets.Dataset.from_list(part, features=datasets.Features(features))
        table.to_parquet(subset / f"test-0000{number}-of-00002.parquet")
    with HubServer(tmp_path / "hub") as server:
        assert fetch(tmp_path, server, "fetch_dataset", [f"owner/{kind}", "some", "test", None], "rows") is None
    convert(tmp_path / "resources" / "rows", tmp_path / "converted", ending, COLUMNS.get(kind, {}), None)
    found, expected = read(tmp_path / "converted"), read(SHARED / file)
    assert found == expected


def test_dataset_with_a_script_is_read_from_the_hubs_conversion(tmp_path):
    """The layout of MasakhaNER 2: a script on main, Parquet files of every subset and split on a branch of the hub."""
    script = tmp_path / "hub" / "datasets" / "owner" / "scripted" / "scripted.py"
    script.parent.mkdir(parents=True)
    script.write_text("raise SystemExit('executed')")
    converted = tmp_path / "hub" / "converted" / "datasets" / "owner" / "scripted"
    (converted / "swa" / "test").mkdir(parents=True)
    datasets.Dataset.from_list([{"text": "Habari", "label": "news"}]).to_parquet(converted / "swa/test/0000.parquet")
    arguments = ["owner/scripted", "swa", "test"]
    with HubServer(tmp_path / "hub") as server:
        said = fetch(tmp_path, server, "fetch_dataset", [*arguments, None], "rows")
        assert "it has none at all, and loading scripts are not run; revision: refs/convert/parquet takes" in str(said)
        for _ in range(2):  # the second time from the locked commit
            assert fetch(tmp_path, server, "fetch_dataset", [*arguments, CONVERTED], "rows") is None
    assert locked(tmp_path, "rows")["revision"] == commit_of(converted)
    assert [path.name for path in (tmp_path / "resources" / "rows").iterdir()] == ["0000.parquet"]
    convert(tmp_path / "resources" / "rows", tmp_path / "x.sentences.tsv", "sentences.tsv", {}, None)
    assert read_labelled(tmp_path / "x.sentences.tsv", SENTENCE).texts == [["Habari"]]


RESULTS = {"repository": "muse", "commit": "c", "folder": "results"}


@pytest.fixture
def published(server, monkeypatch):
    """A result file on the server and its checksum; the waits are short."""
    monkeypatch.setattr(fetching, "GITHUB", f"{server.url}/raw")
    monkeypatch.setattr(fetching, "WAIT", 0.0)
    file = server.folder / "raw" / "muse" / "c" / "results" / "x.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"content")
    return {"x.csv": sha256(file)}


@pytest.mark.parametrize("fault", ["cut", 503])
def test_published_results_are_tried_again_and_verified(fault, server, published, tmp_path):
    server.fail("x.csv", fault, times=2)
    fetching.fetch_published(**RESULTS, files=published, destination=tmp_path)
    assert (tmp_path / "x.csv").read_bytes() == b"content"
    with pytest.raises(InputError, match="the file is not the pinned one"):
        fetching.fetch_published(**RESULTS, files={"x.csv": "0" * 64}, destination=tmp_path / "other")
    assert not list((tmp_path / "other").glob("*"))


def test_published_results_that_are_not_there_are_asked_for_once(server, published, tmp_path):
    with pytest.raises(InputError, match=r"y\.csv: the server says 404 .*; or set published_source to a folder"):
        fetching.fetch_published(**RESULTS, files={"y.csv": "0" * 64}, destination=tmp_path)
    assert len(server.requests) == 1
