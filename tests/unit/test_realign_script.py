"""The job around a realignment, without snakemake: what a killed job leaves and what its successor makes of it."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import ROOT, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer, write_streams

from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.training.state import TrainingState


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "workflow_scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def job(tmp_path):
    write_streams(tmp_path / "rows", {"de": 9, "ta": 7})
    (tmp_path / "code.py").write_text("loss = 1\n")
    tiny_encoder("bert").save_pretrained(tmp_path / "model")
    wordpiece_tokenizer().save_pretrained(tmp_path / "model")

    def make(folder, steps):
        return SimpleNamespace(
            input=SimpleNamespace(
                rows=str(tmp_path / "rows"), model=str(tmp_path / "model"), code=[str(tmp_path / "code.py")]
            ),
            output=[str(tmp_path / folder / "realigned")],
            params=SimpleNamespace(
                languages=["de", "ta"], steps=steps, device="cpu",
                settings={"batch_size": 4, "freeze": "front", "learning_rate": 1e-2},
                state=str(tmp_path / folder / "state" / "run.pt"),
                resume_every=3,
            ),
            wildcards=SimpleNamespace(seed="31"),
        )  # fmt: skip

    return make


def stop_at(monkeypatch, step):
    """The job dies when it writes the state of `step`."""
    original = TrainingState.save

    def save(self, **state):
        if state["step"] == step:
            raise KeyboardInterrupt
        original(self, **state)

    monkeypatch.setattr(TrainingState, "save", save)


def test_every_checkpoint_is_there_though_the_job_was_stopped_after_some_and_lost_its_outputs(job, monkeypatch):
    script = load_script("realign")
    undisturbed, disturbed = job("undisturbed", [2, 5, 8]), job("disturbed", [2, 5, 8])
    script.realign(undisturbed, None, 0.0)
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.realign(disturbed, None, 0.0)
    assert Path(disturbed.params.state).exists()
    # As snakemake does with the output of a job that failed.
    shutil.rmtree(disturbed.output[0], ignore_errors=True)
    script.realign(disturbed, None, 0.0)
    assert sorted(path.name for path in Path(disturbed.output[0]).iterdir()) == ["steps2", "steps5", "steps8"]
    for count in (2, 5, 8):
        found, expected = (Path(run.output[0]) / f"steps{count}" for run in (disturbed, undisturbed))
        assert_same_weights(weights(load_encoder(found)), weights(load_encoder(expected)))
        assert (found / "training_log.csv").read_text() == (expected / "training_log.csv").read_text()
        assert len(load_tokenizer(found)) == len(wordpiece_tokenizer())
    assert list(Path(disturbed.params.state).parent.iterdir()) == []


def test_job_with_fewer_steps_than_the_state_of_another_starts_over(job, monkeypatch):
    script = load_script("realign")
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.realign(job("run", [8]), None, 0.0)
    script.realign(job("run", [2]), None, 0.0)
    script.realign(job("fresh", [2]), None, 0.0)
    outputs = [Path(job(folder, [2]).output[0]) / "steps2" for folder in ("run", "fresh")]
    assert_same_weights(*(weights(load_encoder(output)) for output in outputs))


def test_state_of_another_version_of_the_code_starts_over(job, monkeypatch, caplog):
    script, run = load_script("realign"), job("run", [8])
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.realign(run, None, 0.0)
    Path(run.input.code[0]).write_text("loss = 2\n")
    script.realign(run, None, 0.0)
    assert "written under other settings, inputs or code, starting over" in caplog.text


def test_record_goes_back_to_everything_that_decided_the_weights(job):
    run = job("run", [2, 4])
    load_script("realign").realign(run, None, 0.0)
    record = json.loads((Path(run.output[0]) / "steps2" / "run.json").read_text())
    assert record["settings"]["settings"]["freeze"] == "front"
    assert record["settings"]["seed"] == record["seed"] == 31
    assert record["settings"]["rows"].keys() == {"de", "ta"}
    assert (record["steps"], record["trajectory_steps"], record["frozen_blocks"]) == (2, 4, [0, 1])
    assert record["sentence_pairs"] == {"de": 9, "ta": 7}
