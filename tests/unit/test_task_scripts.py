"""The jobs that fine-tune and evaluate, without snakemake, for every task on files as a user has them."""

import csv
import importlib.util
import json
from types import SimpleNamespace

import pytest
from analysis_support import make_scores
from support import ROOT, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer

from alignfreeze.analysis.scores import write_scores
from alignfreeze.metrics import load_evaluation
from alignfreeze.support.errors import InputError
from alignfreeze.tasks import load_task

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
            "settings": {"batch_size": 2, "epochs": 1, "learning_rate": 1e-3}, "checkpoint": ".",
            "train_items": 5, "max_train_items": 5,
            "encoding": {"max_length": 20} | windows, "device": "cpu",
            "state": str(tmp_path / folder / "state.pt"), "resume_every": 2, "experiment": "test", "source": "en",
            "languages": ["en", "de"], "max_test_items": 3, "interleaving": None,
        }  # fmt: skip
        return SimpleNamespace(
            input=SimpleNamespace(
                start=str(tmp_path / "model"), train=write_data(tmp_path, name, 7),
                model=str(tmp_path / folder / "out"), code=[],
                tests=[write_data(tmp_path, name, 4), write_data(tmp_path, name, 2)],
            ),
            output=[str(tmp_path / folder / "out")],
            params=SimpleNamespace(**params | changes),
            wildcards=SimpleNamespace(
                model="tiny", task=name, strategy="baseline", aligner="none", pairs="none", seed="31"
            ),
            log=[str(tmp_path / "log.txt")],
        )  # fmt: skip

    return make


@pytest.mark.parametrize("name", FILES)
def test_a_task_from_files_to_scores(job, tmp_path, name):
    smk = job(name)
    load_script("finetune").finetune_task(smk, None, 0.0)
    record = json.loads((tmp_path / "run" / "out" / "run.json").read_text())
    assert record["steps"] == 3
    assert record["train_items"] == 5
    assert record["settings"]["task"] == name
    assert record["settings"]["encoding"]["max_length"] == 20
    assert not (tmp_path / "run" / "state.pt").exists()

    smk.output = [str(tmp_path / "scores.csv")]
    load_script("evaluate").main(smk)
    with (tmp_path / "scores.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    metrics = load_evaluation(name).metrics
    assert [(row["language"], row["metric"]) for row in rows] == [(x, m) for x in ("en", "de") for m in metrics]
    assert [int(row["n"]) for row in rows if row["metric"] == metrics[0]] == [3 * N[name], 2 * N[name]]
    assert all(0 <= float(row["value"]) <= 1 for row in rows)
    assert {row["task"] for row in rows} == {name}


@pytest.mark.parametrize("name", FILES)
def test_wrong_number_of_training_items_names_the_right_one(job, name):
    with pytest.raises(
        InputError, match=rf"tasks\.{name}\.train_items: 6 in .* gives 7 training items for tiny; write 7"
    ):
        load_script("finetune").finetune_task(job(name, train_items=6, max_train_items=None), None, 0.0)


def test_stopped_job_resumes_with_the_same_weights(job, tmp_path, monkeypatch):
    from alignfreeze.tasks.question_answering import QuestionItems

    script, original, seen = load_script("finetune"), QuestionItems.collate, []

    def collate(self, chosen):
        seen.append(chosen)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return original(self, chosen)

    script.finetune_task(job("xquad", "undisturbed"), None, 0.0)
    monkeypatch.setattr(QuestionItems, "collate", collate)
    stopped = job("xquad", "stopped")
    with pytest.raises(KeyboardInterrupt):
        script.finetune_task(stopped, None, 0.0)
    assert (tmp_path / "stopped" / "state.pt").exists()
    assert not (tmp_path / "stopped" / "out").exists()
    script.finetune_task(stopped, None, 0.0)
    assert len(seen) == 4, "one more step, not three"
    task = load_task("xquad")
    models = [task.load_finetuned(tmp_path / folder / "out") for folder in ("undisturbed", "stopped")]
    assert_same_weights(*map(weights, models))


def test_state_of_other_data_is_not_resumed(job, tmp_path, caplog):
    script = load_script("finetune")
    smk = job("xnli", resume_every=1)
    from alignfreeze.training.state import TrainingState

    TrainingState(tmp_path / "run" / "state.pt", "another fingerprint", 1).save(step=2)
    script.finetune_task(smk, None, 0.0)
    assert "written under other settings, inputs or code, starting over" in caplog.text


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
