"""What the SLURM profile asks for, rule by rule."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROFILE = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text(encoding="utf-8"))


def rules():
    """Text of each named rule, by its name."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))
    found = re.findall(
        r"^ *(?:use rule \w+ as|rule) (\w+)(?: with)?:\n(.*?)(?=^ *(?:use )?rule\b|\Z)", text, re.M | re.S
    )
    return dict(found)


def test_every_job_without_a_gpu_asks_for_a_core_job_s_resources():
    """The defaults are a GPU job's: four cores for eight hours to write a table would wait in the queue for nothing."""
    found = rules()
    assert {"build_fit_bitext", "finetune", "fetch_model"} < found.keys()
    submitted = {name for name, text in found.items() if "gpu=" not in text and "localrule: True" not in text}
    assert PROFILE["set-resources"].keys() == submitted


def test_core_jobs_ask_for_less_than_the_defaults():
    defaults = PROFILE["default-resources"]
    for name, asked in PROFILE["set-resources"].items():
        assert asked.keys() >= {"mem_mb", "runtime", "cpus_per_task"}, name
        for key in ("runtime", "cpus_per_task"):
            assert asked[key] < defaults[key], (name, key)
