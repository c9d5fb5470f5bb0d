"""What the SLURM profile asks for, rule by rule."""

from pathlib import Path

import yaml
from workflow_support import every_rule

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


def test_core_jobs_ask_for_less_than_the_defaults():
    defaults = PROFILE["default-resources"]
    for name, asked in PROFILE["set-resources"].items():
        assert asked.keys() >= {"mem_mb", "runtime", "cpus_per_task"}, name
        for key in ("runtime", "cpus_per_task"):
            assert asked[key] < defaults[key], (name, key)
