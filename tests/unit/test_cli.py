"""The command: two text files and a model in, a folder out; what is wrong in one line."""

import csv
import re
import sys

import pytest
import transformers
from support import ROOT, tiny_encoder, wordpiece_tokenizer

import alignfreeze
from alignfreeze import cli

ENGLISH = "a b ab\nc d\ne f g\nh a c\n"
OTHER = "hab ha hb\nhd hc\nhg he hf\nhc ga ha\n"
LINKS = "0-1 1-2 2-0\n0-1 1-0\n0-1 1-2 2-0\n0-2 1-1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder, with two texts, links, a dictionary and a tiny encoder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the command sets it, too
    monkeypatch.setenv("COLUMNS", "200")
    for name, content in {"en": ENGLISH, "de": OTHER, "links": LINKS, "words": "a ha\nb hb\nc hc\n"}.items():
        (tmp_path / name).write_text(content)
    tiny_encoder("bert").save_pretrained(tmp_path / "tiny")
    wordpiece_tokenizer().save_pretrained(tmp_path / "tiny")
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run the command as a shell would; its exit code, stdout and stderr."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["alignfreeze", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return command


def test_realign_makes_an_encoder_that_transformers_loads(run, folder):
    arguments = ["en", "de", "-m", "tiny", "-o", "out", "--language", "de", "--alignments", "links"]
    code, _, err = run("realign", *arguments, "--steps", 3, "--batch-size", 2, "--max-length", 16, "--freeze", "1:3")
    assert code == 0, err
    assert re.fullmatch(r"out: 3 steps on 4 sentence pairs, loss \d\.\d+ to \d\.\d+\n", err)
    transformers.AutoModel.from_pretrained(folder / "out")
    (training,) = alignfreeze.load_encoder(folder / "out").trainings
    assert (training.steps, training.settings["freeze"], training.settings["batch_size"]) == (3, [1, 3], 2)
    assert training.description == "en, de; word links: links"
    bitext = alignfreeze.load_bitext(folder / "en", folder / "de")
    same = alignfreeze.realign(
        folder / "tiny", {"de": bitext}, alignments={"de": alignfreeze.load_links(folder / "links", bitext)},
        steps=3, batch_size=2, max_length=16, freeze=[1, 3], device="cpu",
    )  # fmt: skip
    assert same.trainings[0].loss == [tuple(row) for row in training.loss]


@pytest.mark.parametrize(
    "aligner",
    [
        [],
        ["--aligner", "fastalign"],
        ["--aligner", "dictionary", "--dictionary", "words", "--word", "mean"],
        ["--objective", "sentences"],
    ],
    ids=" ".join,
)
def test_realign_by_each_aligner(run, folder, aligner):
    code, _, err = run("realign", "en", "de", "-m", "tiny", "-o", "out", "--max-length", 16, *aligner)
    assert code == 0, err
    assert (folder / "out" / "model.safetensors").is_file()
    (training,) = alignfreeze.load_encoder(folder / "out").trainings
    assert training.settings["word"] == ("mean" if "mean" in aligner else "first")
    assert training.settings["objective"] == ("sentences" if "sentences" in aligner else "words")
    links = "none" if "sentences" in aligner else aligner[1] if aligner else "awesome"
    assert training.description == f"en, de; word links: {links}"


def test_align_writes_pharaoh_lines(run, folder):
    code, _, err = run("align", "en", "de", "--aligner", "dictionary", "--dictionary", "words", "-o", "found")
    assert (code, err) == (0, "found: 5 links in 4 sentence pairs\n")
    assert (folder / "found").read_text() == "0-1 1-2\n0-1\n\n1-2 2-0\n"
    assert run("align", "en", "de", "-m", "tiny", "-o", "found")[0] == 0
    (folder / "both").write_text("a b\tha hb\n")
    assert run("align", "both", "--aligner", "dictionary", "--dictionary", "words", "-o", "found")[0] == 0
    assert (folder / "found").read_text() == "0-0 1-1\n"


def test_diagnose_weights_alone_and_with_links(run, folder):
    code, out, err = run("diagnose", "tiny", "tiny", "--max-length", 16)
    assert code == 0, err
    assert "distance" in out
    assert "retrieval" not in out
    gold = ["--gold", "en", "de", "links", "--language", "de", "--sentences", 3]
    code, out, err = run("diagnose", "tiny", "tiny", "--max-length", 16, *gold, "-o", "found")
    assert code == 0, err
    found = [(folder / "found" / f"{name}.csv").read_text().splitlines() for name in ("layers", "blocks")]
    layers, blocks = (list(csv.DictReader(lines)) for lines in found)
    assert [row["layer"] for row in layers] == ["0", "1", "2", "3", "4"]
    assert [float(row["cka_change"]) for row in layers] == pytest.approx([1.0] * 5)
    assert [float(row["distance"]) for row in blocks] == [0.0] * 4
    code, _, err = run("diagnose", "tiny", "nowhere")
    assert (code, err.count("\n")) == (1, 1)
    assert "nowhere: no such folder" in err.replace("\n", " ")


def test_retrieve_two_models_and_write_the_table(run, folder):
    models = ["-m", "tiny", "--after", "tiny", "--max-length", 16]
    code, out, err = run("retrieve", "en", "de", "links", *models, "--language", "de", "-o", "x")
    assert code == 0, err
    with (folder / "x").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["language"], row["layer"], row["difference"], row["n"]) for row in rows] == [
        ("de", "2", "0.0", "20"),
        ("de", "4", "0.0", "20"),
    ]
    assert f"{float(rows[0]['before']):.4f}" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("realign en de -m nowhere -o out", "nowhere: no such folder; on the hub it is OWNER/NAME"),
        ("realign en none -m tiny -o out", "none: no such file"),
        ("realign en links -m tiny -o tiny", "tiny: exists already; choose a new folder"),
        ("realign en de -m tiny -o out --freeze frnt", "freeze: 'frnt' found; allowed are"),
        ("realign en de -m tiny -o out --max-length 16 --freeze 2:9", "freeze [2, 9]: an encoder of 4 blocks"),
        ("realign en de -m tiny -o out --max-length 16 --alignments en", "en:1: 'a' is not a link"),
        ("realign en de -m tiny -o out --alignments links --sample 2", "--alignments and --sample: "),
        ("realign en de -m tiny -o out --aligner dictionary", "--dictionary and --aligner dictionary belong together"),
        ("realign en de -m tiny -o out --dictionary words", "--dictionary and --aligner dictionary belong together"),
        ("realign en de -m tiny -o out --objective sentences --alignments links", "--objective sentences uses no word"),
        ("realign en de -m tiny -o out --device cuda", "device: 'cuda', but no GPU is visible"),
        ("align en de -o found", "--model and --aligner awesome belong together"),
        ("align en words -m tiny -o found", "words: 3 lines, but en has 4"),
        ("retrieve en de words -m tiny --max-length 16", "words: 3 lines for 4 sentence pairs"),
    ],
)
def test_wrong_input_is_one_line_and_code_1(run, folder, arguments, message):
    code, out, err = run(*arguments.split())
    assert code == 1
    assert out == ""
    assert err.startswith(f"alignfreeze: {message}")
    assert err.count("\n") == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    ["", "realing", "realign en", "realign en de -m tiny -o out --steps 0", "align en de -o x --aligner giza"],
)
def test_wrong_usage_is_code_2(run, arguments):
    assert run(*arguments.split())[0] == 2


def test_help_of_every_command_loads_no_pytorch(run):
    code, out, _ = run("--help")
    assert code == 0
    for name in cli.COMMANDS:
        assert name.replace("_", "-") in out
        assert run(name.replace("_", "-"), "--help")[0] == 0


def test_the_module_is_the_command():
    import subprocess

    code = "import sys; sys.argv[1:] = ['--version']; import runpy; runpy.run_module('alignfreeze', alter_sys=True)"
    watch = "import atexit, sys; atexit.register(lambda: print('torch' in sys.modules)); " + code
    finished = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, cwd=ROOT)
    assert finished.stdout.split() == [alignfreeze.__version__, "False"], finished.stderr
