"""The jobs that fine-tune and evaluate, without snakemake, for every task on files as a user has them."""

import csv
import importlib.util
import json
from types import SimpleNamespace

import pytest
import torch
from analysis_support import make_scores
from support import ROOT, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer

from alignfreeze.analysis.scores import write_scores
from alignfreeze.kinds import load_task
from alignfreeze.support.errors import InputError

WORDS = ["a", "b", "abcd", "g", "a", "c", "b", "cdab", "e", "a"]
FILES = {
    "udpos": ("conllu", "".join(f"{i}\t{w}\t_\tNOUN" + "\t_" * 6 + "\n" for i, w in enumerate(WORDS, 1)) + "\n"),
    "wikiann": ("tsv", "".join(f"de:{w}\tB-PER\n" for w in WORDS) + "\n"),
    "xnli": ("tsv", "a b\tc\tneutral\n"),
    "xquad": ("json", {"question": "a b", "answers": [{"text": "abcd", "answer_start": 4}]}),
}
N = {"udpos": 10, "wikiann": 10, "xnli": 1, "xquad": 1}


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "workflow_scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_data(folder, name, count):
    """A file of `count` examples."""
    suffix, example = FILES[name]
    path = folder / f"{name}.{count}.{suffix}"
    if name == "xquad":
        items = [example | {"id": str(i)} for i in range(count)]
        text = json.dumps({"data": [{"paragraphs": [{"context": " ".join(WORDS), "qas": items}]}]})
    else:
        text = ("premise\thypothesis\tlabel\n" if name == "xnli" else "") + example * count
    path.write_text(text)
    return str(path)


@pytest.fixture
def job(tmp_path):
    tiny_encoder("bert").save_pretrained(tmp_path / "model")
    wordpiece_tokenizer().save_pretrained(tmp_path / "model")

    def make(name, folder="run", **changes):
        windows = {"stride": 6, "empty_windows": False} if name == "xquad" else {}
        params = {
            "kind": name,
            "settings": {"batch_size": 2, "epochs": 1, "learning_rate": 1e-3}, "checkpoint": ".",
            "train_items": 5, "max_train_items": 5,
            "encoding": {"max_length": 20} | windows,
            "state": str(tmp_path / folder / "state.pt"), "resume_every": 2, "experiment": "test", "source": "en",
            "languages": ["en", "de"], "max_test_items": 3, "interleaving": None, "code": {},
        }  # fmt: skip
        return SimpleNamespace(
            input=SimpleNamespace(
                start=str(tmp_path / "model"), train=write_data(tmp_path, name, 7),
                model=str(tmp_path / folder / "out"),
                tests=[write_data(tmp_path, name, 4), write_data(tmp_path, name, 2)],
            ),
            output=[str(tmp_path / folder / "out")],
            params=SimpleNamespace(**params | changes),
            wildcards=SimpleNamespace(
                model="tiny", task=name, strategy="baseline", aligner="none", realignment_languages="none", seed="31"
            ),
            log=[str(tmp_path / "log.txt")],
            config={"device": "cpu", "trackers": []},
        )  # fmt: skip

    return make


@pytest.mark.parametrize("name", FILES)
def test_a_task_from_files_to_scores(job, tmp_path, name):
    smk = job(name)
    load_script("finetune").main(smk)
    record = json.loads((tmp_path / "run" / "out" / "run.json").read_text())
    assert record["steps"] == 3
    assert record["train_items"] == 5
    assert record["settings"]["task"] == name
    assert record["settings"]["encoding"]["max_length"] == 20
    assert not (tmp_path / "run" / "state.pt").exists()

    smk.output = [str(tmp_path / "scores.csv")]
    smk.params.realignment_languages = "all"  # of a set that has the same languages in another order
    load_script("evaluate").main(smk)
    with (tmp_path / "scores.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert {(row["strategy"], row["realignment_languages"]) for row in rows} == {("baseline", "all")}
    metrics = [m for m in load_task(name).metrics if not m.startswith("paper_") or name == "wikiann"]
    assert [(row["language"], row["metric"]) for row in rows] == [(x, m) for x in ("en", "de") for m in metrics]
    assert [int(row["n"]) for row in rows if row["metric"] == metrics[0]] == [3 * N[name], 2 * N[name]]
    assert all(0 <= float(row["value"]) <= 1 for row in rows)
    assert {row["task"] for row in rows} == {name}


@pytest.mark.parametrize("name", FILES)
def test_wrong_number_of_training_items_names_the_right_one(job, name):
    with pytest.raises(InputError, match=rf"tasks\.{name}\.train_items: 6 in .* gives 7 training items .*; write 7"):
        load_script("finetune").main(job(name, train_items=6, max_train_items=None))


def test_stopped_job_resumes_with_the_same_weights(job, tmp_path, monkeypatch):
    from alignfreeze.tasks.question_answering import QuestionItems

    script, original, seen = load_script("finetune"), QuestionItems.collate, []

    def collate(self, chosen):
        seen.append(chosen)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return original(self, chosen)

    script.main(job("xquad", "undisturbed"))
    monkeypatch.setattr(QuestionItems, "collate", collate)
    stopped = job("xquad", "stopped")
    with pytest.raises(KeyboardInterrupt):
        script.main(stopped)
    assert (tmp_path / "stopped" / "state.pt").exists()
    assert not (tmp_path / "stopped" / "out").exists()
    script.main(stopped)
    assert len(seen) == 4, "one more step, not three"
    task = load_task("xquad")
    models = [task.load_finetuned(tmp_path / folder / "out") for folder in ("undisturbed", "stopped")]
    assert_same_weights(*map(weights, models))


def test_state_of_other_data_is_not_resumed(job, tmp_path):
    script = load_script("finetune")
    smk = job("xnli", resume_every=1)
    from alignfreeze.training.state import TrainingState

    TrainingState(tmp_path / "run" / "state.pt", "another fingerprint", 1).save(step=2)
    script.main(smk)
    assert "written under other settings, inputs or code, starting over" in (tmp_path / "log.txt").read_text()


def test_finished_training_is_not_lost_if_its_model_cannot_be_written(job, tmp_path, monkeypatch):
    """What is left to do again are the steps since the last state."""
    smk, script = job("udpos"), load_script("finetune")
    script.main(job("udpos", "undisturbed"))
    with monkeypatch.context() as patch:
        patch.setattr("alignfreeze.jobs.finetune.write_run_record", lambda *_, **__: (_ for _ in ()).throw(OSError(28)))
        with pytest.raises(OSError, match="28"):
            script.main(smk)
    assert not (tmp_path / "run" / "out").exists()
    assert (tmp_path / "run" / "state.pt").exists()
    script.main(smk)
    assert "resuming at step 2" in (tmp_path / "log.txt").read_text()
    assert not (tmp_path / "run" / "state.pt").exists()
    files = [tmp_path / folder / "out" / "model.safetensors" for folder in ("undisturbed", "run")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_model_of_nan_has_no_scores(job, tmp_path, name):
    """Its predictions would look like any others."""
    smk = job(name)
    load_script("finetune").main(smk)
    task = load_task(name)
    model = task.load_finetuned(tmp_path / "run" / "out")
    with torch.no_grad():
        next(model.parameters()).fill_(torch.nan)
    (tmp_path / "run" / "out" / "run.json").unlink()
    model.save_pretrained(tmp_path / "run" / "out")
    smk.output = [str(tmp_path / "scores.csv")]
    with pytest.raises(InputError, match="not finite numbers"):
        load_script("evaluate").main(smk)
    assert not (tmp_path / "scores.csv").exists()


def test_training_that_is_not_finite_stops_with_its_step_and_batch(job, tmp_path):
    smk = job("udpos")
    encoder = tiny_encoder("bert")
    with torch.no_grad():
        next(encoder.parameters()).fill_(torch.nan)
    encoder.save_pretrained(tmp_path / "model")
    with pytest.raises(
        InputError, match=r"step 1: the loss or its gradient is not a finite number \(batch: training items \d"
    ):
        load_script("finetune").main(smk)
    assert not (tmp_path / "run" / "out").exists()


def test_scores_are_collected_in_one_order_and_no_row_twice(tmp_path):
    names = ["one.csv", "two.csv"]
    for name, seed in zip(names, (31, 42), strict=True):
        write_scores(make_scores(seeds=(seed,)), tmp_path / name)

    def collect(*chosen):
        scores = [str(tmp_path / name) for name in chosen]
        log, output = [str(tmp_path / "log")], [str(tmp_path / "scores.csv")]
        load_script("collect_scores").main(
            SimpleNamespace(input=SimpleNamespace(scores=scores), output=output, log=log)
        )
        return (tmp_path / "scores.csv").read_bytes()

    assert collect(*names) == collect(*reversed(names))
    with pytest.raises(InputError, match=r"repeated rows for small/udpos/back/awesome/31/"):
        collect("one.csv", "one.csv")
