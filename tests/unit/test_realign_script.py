"""The job around a realignment, without snakemake: what a killed job leaves and what its successor makes of it."""

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import ROOT, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer, write_streams

from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.support.errors import InputError
from alignfreeze.training.state import TrainingState


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "workflow_scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def job(tmp_path):
    write_streams(tmp_path / "rows", {"de": 9, "ta": 7})
    tiny_encoder("bert").save_pretrained(tmp_path / "model")
    wordpiece_tokenizer().save_pretrained(tmp_path / "model")

    def make(folder, steps):
        return SimpleNamespace(
            input=SimpleNamespace(
                rows=str(tmp_path / "rows"), model=str(tmp_path / "model"), blocks=[]
            ),
            output=[str(tmp_path / folder / "realigned")],
            params=SimpleNamespace(
                languages=["de", "ta"], steps=steps,
                settings={"batch_size": 4, "freeze": "front", "learning_rate": 1e-2},
                state=str(tmp_path / folder / "state" / "run.pt"),
                resume_every=3,
                code={"realignment": "0123456789ab"},
            ),
            wildcards=SimpleNamespace(model="small", strategy="full", seed="31"),
            log=[str(tmp_path / "log.txt")],
            config={"device": "cpu", "trackers": []},
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
    script.main(undisturbed)
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.main(disturbed)
    assert Path(disturbed.params.state).exists()
    # As snakemake does with the output of a job that failed.
    shutil.rmtree(disturbed.output[0], ignore_errors=True)
    script.main(disturbed)
    assert sorted(path.name for path in Path(disturbed.output[0]).iterdir()) == ["steps2", "steps5", "steps8"]
    for count in (2, 5, 8):
        found, expected = (Path(run.output[0]) / f"steps{count}" for run in (disturbed, undisturbed))
        assert_same_weights(weights(load_encoder(found)), weights(load_encoder(expected)))
        assert (found / "training_log.csv").read_text() == (expected / "training_log.csv").read_text()
        assert len(load_tokenizer(found)) == len(wordpiece_tokenizer())
    assert list(Path(disturbed.params.state).parent.iterdir()) == []


def test_finished_trajectory_is_not_lost_where_its_outputs_cannot_be_put_in_place(job, tmp_path, monkeypatch):
    """Killed at the very last moment, before the folder has its name: nothing but the last steps is computed again."""
    script, undisturbed, disturbed = load_script("realign"), job("undisturbed", [2, 8]), job("disturbed", [2, 8])
    script.main(undisturbed)
    rename, output = Path.replace, Path(disturbed.output[0])

    def replace(self, target):
        if Path(target) == output:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            script.main(disturbed)
    assert not output.exists()
    assert Path(disturbed.params.state).exists()
    script.main(disturbed)
    assert "resuming at step 6" in (tmp_path / "log.txt").read_text()
    for count in (2, 8):
        found, expected = (Path(run.output[0]) / f"steps{count}" for run in (disturbed, undisturbed))
        assert (found / "model.safetensors").read_bytes() == (expected / "model.safetensors").read_bytes()
    assert list(Path(disturbed.params.state).parent.iterdir()) == []


def test_checkpoint_that_a_resumed_run_will_not_write_again_is_missed(job, monkeypatch):
    script, run = load_script("realign"), job("run", [2, 8])
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.main(run)
    shutil.rmtree(Path(run.params.state).with_suffix("") / "steps2")
    with pytest.raises(InputError, match=r"steps2: missing, though the run was resumed after it; remove .*run\.pt"):
        script.main(run)


def test_encoder_in_several_files_is_recorded_by_the_checksum_of_each(job):
    run = job("run", [1])
    folder = Path(run.input.model)
    (folder / "model.safetensors").unlink()
    tiny_encoder("bert").save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(path.name for path in folder.glob("*.safetensors"))
    load_script("realign").main(run)
    record = json.loads((Path(run.output[0]) / "steps1" / "run.json").read_text())
    assert len(shards) > 1
    assert record["settings"]["encoder"] == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in shards
    }


def test_damaged_checkpoint_is_named_with_the_command_that_makes_it_anew(job):
    run = job("run", [2])
    load_script("realign").main(run)
    folder = Path(run.output[0]) / "steps2"
    load_encoder(folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1000] = bytes(1000)
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=rf"{path}: damaged \(its SHA-256 .*; delete the folder {run.output[0]} and run"
    ):
        load_encoder(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"tokenizer\.json: damaged"):
        load_tokenizer(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"model"):
        load_encoder(folder)
    (folder / "run.json").write_text("{")
    with pytest.raises(InputError, match=rf"run\.json: damaged .* the folder {run.output[0]} and run"):
        load_encoder(folder)


def test_job_with_fewer_steps_than_the_state_of_another_starts_over(job, monkeypatch):
    script = load_script("realign")
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.main(job("run", [8]))
    script.main(job("run", [2]))
    script.main(job("fresh", [2]))
    outputs = [Path(job(folder, [2]).output[0]) / "steps2" for folder in ("run", "fresh")]
    assert_same_weights(*(weights(load_encoder(output)) for output in outputs))


def test_state_of_another_version_of_the_code_starts_over(job, tmp_path, monkeypatch):
    script, run = load_script("realign"), job("run", [8])
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            script.main(run)
    run.params.code = {"realignment": "ba9876543210"}
    script.main(run)
    assert "written under other settings, inputs or code, starting over" in (tmp_path / "log.txt").read_text()


def test_record_goes_back_to_everything_that_decided_the_weights(job):
    run = job("run", [2, 4])
    load_script("realign").main(run)
    record = json.loads((Path(run.output[0]) / "steps2" / "run.json").read_text())
    assert record["settings"]["settings"]["freeze"] == "front"
    assert record["settings"]["seed"] == record["seed"] == 31
    assert record["settings"]["rows"].keys() == {"de", "ta"}
    assert (record["steps"], record["trajectory_steps"], record["frozen_blocks"]) == (2, 4, [0, 1])
    assert record["sentence_pairs"] == {"de": 9, "ta": 7}
