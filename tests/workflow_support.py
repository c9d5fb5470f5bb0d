"""Snakemake, run for real on experiments/tiny.yaml, and what a dry run plans."""

import contextlib
import copy
import os
import re
import subprocess
import sys
from unittest import mock

import transformers
import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings
from support import ROOT
from tokenizers import BertWordPieceTokenizer

TINY = ROOT / "experiments" / "tiny.yaml"
CONFIG = yaml.safe_load(TINY.read_text())
DIAGNOSTICS = {"conflict": {}, "representation": {}, "sweeps": True}


def snakemake(folder, *arguments, config=TINY, checkout=ROOT, check=True):
    """Run snakemake with its outputs below `folder`."""
    command = [
        sys.executable, "-m", "snakemake", *arguments,
        "--snakefile", checkout / "Snakefile", "--directory", folder, "--configfile", config, "--cores", "2",
    ]  # fmt: skip
    finished = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=folder, env=os.environ | {"COLUMNS": "200"}
    )
    output = finished.stdout + finished.stderr
    if check:
        assert finished.returncode == 0, output[-6000:]
    return output


def small_model(folder):
    """A random encoder of four blocks with pieces of the demonstration's words, for runs whose scores do not matter.

    Loading and saving it costs next to nothing; returned is its entry of `models`.
    """
    tokenizer = BertWordPieceTokenizer(lowercase=False)
    texts = sorted(map(str, (ROOT / "data" / "demo" / "bitext").glob("*.txt")))
    tokenizer.train(texts, vocab_size=2000, show_progress=False)
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer._tokenizer, **special).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 48}
    encoder = transformers.BertModel(transformers.BertConfig(vocab_size=tokenizer.get_vocab_size(), **sizes))
    encoder.save_pretrained(folder)
    return {"source": f"path:{folder}"}


def small_config(folder):
    """The tiny experiment with a small random encoder under the embedded one's name."""
    changed = copy.deepcopy(CONFIG)
    changed["models"] = {"e5small": small_model(folder)}
    changed["aligners"]["awesome"]["layer"] = 2
    return changed


def planned(output):
    """Number of jobs by rule in a dry run, without the total."""
    table = output.split("Job stats:")[-1]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE))
    counts.pop("total", None)
    return {rule: int(count) for rule, count in counts.items()}


@contextlib.contextmanager
def loaded(config, folder=None, **changes):
    """The workflow as Snakemake reads it, in this process, with changes of the configuration; it plans in `folder`."""
    with (
        mock.patch.dict(os.environ),
        mock.patch.object(sys, "path", [*sys.path]),
        SnakemakeApi(OutputSettings(quiet=set())) as snakemake_api,
    ):
        yield snakemake_api.workflow(
            ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[config], config=changes),
            snakefile=ROOT / "Snakefile",
            workdir=folder,
        )


def every_rule():
    """Snakemake's rules by name, of three configurations that include every file of rules between them."""
    found = {}
    # Any file would do as compare_with: rules are read, nothing is planned.
    more = {"realignment": {"languages": ["all", "de"]}, "diagnostics": DIAGNOSTICS}
    more |= {"data": {"bitext": {"filter": {"percentile": [50.0]}}}}
    more |= {"tasks": {"udpos": {"train_in_language": "data/demo/test/{lang}.conllu"}}}
    for name, changes in (("tiny", more), ("paper", {}), ("published", {})):
        with loaded(ROOT / "experiments" / f"{name}.yaml", compare_with="config.yaml", **changes) as workflow:
            found |= {rule.name: rule for rule in workflow._workflow.rules}
    return found


def jobs_of(config, folder, *targets):
    """Snakemake's jobs for targets, planned in `folder`."""
    with loaded(config, folder) as workflow, contextlib.redirect_stdout(None):
        workflow.dag(DAGSettings(targets=set(targets))).printrulegraph()
        return list(workflow._workflow.dag.jobs)
