"""Configuration, paths and the grid of runs; no rules here. Every path of DESIGN.md section 4 is built in this file."""

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
from alignfreeze.languages.codes import language_codes
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.errors import InputError
from alignfreeze.support.imports import decisive_modules


def in_base(path):
    """A path of the configuration or the checkout, as seen from the working directory."""
    return path if Path(path).is_absolute() else os.path.relpath(BASE / path)


try:
    for file in workflow.configfiles:
        configuration.read_yaml(file)  # Snakemake has read it, but passes over a key that stands twice
    CONFIG = configuration.load(
        config,
        file=" + ".join(str(path) for path in workflow.configfiles) or "configuration",
        languages=language_codes(),
        base=Path(os.path.relpath(BASE)),
    )
except InputError as error:
    raise WorkflowError(f"the configuration is wrong:\n{error}") from None

PUBLISHED = isinstance(CONFIG, configuration.PublishedExperiment)
LANGUAGES, SOURCE = language_codes(), configuration.SOURCE_LANGUAGE
LANGUAGE_SETS = CONFIG.language_sets
EVALUATE = CONFIG.evaluate
if PUBLISHED:
    MODELS, TASKS = CONFIG.published.models, CONFIG.published.tasks
    STRATEGIES, BEFORE, ALIGNERS, PAIRS = [], [], [], grid.NONE
    HAS_GOLD = False
else:
    MODELS, TASKS = CONFIG.models, CONFIG.tasks.names
    STRATEGIES, BEFORE = CONFIG.realignment.strategies, grid.strategies_before(CONFIG)
    ALIGNERS, PAIRS = CONFIG.aligners.names, CONFIG.realignment.pairs
    BITEXT = CONFIG.data.bitext
    FIT_PAIRS = CONFIG.aligners.fastalign and CONFIG.aligners.fastalign.fit_pairs
    HAS_GOLD = CONFIG.data.gold is not None
    DATASETS, HUB_MODELS = CONFIG.hub_datasets(), CONFIG.hub_models()
    GPUS = 0 if CONFIG.device == "cpu" else 1
# Jobs read it from here: as a parameter of theirs, another lock file would fetch everything again.
if not PUBLISHED:
    config["resources_lock"] = in_base(CONFIG.resources_lock)
    if workflow.is_main_process:
        try:
            ResourcesLock(config["resources_lock"], "resources").verify()
        except InputError as error:
            raise WorkflowError(str(error)) from None


def results(path):
    """A path below this experiment's folder."""
    return f"results/{CONFIG.experiment}/{path}"


def log_of(path):
    """Log of the job that makes `path`."""
    return results(f"logs/{path}.log")


def code(script, *loaded, without=()):
    """Modules that a script imports, as inputs: an edit reruns its rule, a touch or a fresh checkout does not.

    `loaded` are modules that it loads by name; `without` leaves out some that decide nothing of the rule's result.
    The tables of a package go with its modules.
    """
    modules = decisive_modules(BASE / "workflow_scripts" / f"{script}.py", loaded, without)
    files = [BASE / "alignfreeze" / f"{module}.py" for module in modules]
    tables = sorted({table for file in files for table in file.parent.glob("*.tsv")})
    return [in_base(file) for file in [*files, *tables]]


def one_of(names):
    """Wildcard constraint: one of the names (or nothing at all, if there are none)."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def as_params(settings, **chosen):
    """Settings as plain dictionaries, always in the same order: another order in the configuration reruns nothing."""
    return settings.model_dump(mode="json", **chosen)


def kept(path, *settings):
    """A checkpoint folder that stays if `keep` is one of the settings, and else goes after its last use."""
    return directory(path) if CONFIG.keep in settings else temp(directory(path))


# Paths; a wildcard is one fact.
REALIGNMENT_RUN = "{model}/{strategy}/{aligner}/{pairs}/seed{seed}"
TASK_RUN = "{model}/{strategy}/{aligner}/{pairs}/{task}/seed{seed}"


def languages_of(langs):
    """Languages of a set, or of the set of one that a code is."""
    return CONFIG.languages_of(langs)


def evaluated(task, langs):
    """Languages of a set, or a single one, in which a task is scored; a set is scored beside the source language."""
    return CONFIG.evaluated_languages(task, langs)


def with_source(langs):
    """Languages of a table: a set stands beside the source language, a single code alone."""
    return [SOURCE, *languages_of(langs)] if langs in LANGUAGE_SETS else [langs]


def model_folder(model):
    """Where a model's checkpoint lies; everything downstream sees just this folder."""
    local = MODELS[model].local_folder
    return in_base(local) if local else str(MODELS[model].folder(BASE))


def for_language(entry, lang):
    """A language's file: the user's own, by its pattern, or the one that a public source becomes."""
    if isinstance(entry, str):
        return in_base(entry.replace("{lang}", lang))
    return f"resources/{entry.file_of(lang, SOURCE)}"


def test_file(task, lang):
    """A task's test data in a language."""
    return for_language(CONFIG.tasks[task].test_data(lang == SOURCE), lang)


def score_files(langs):
    """Scores of every run whose task has a language of the set."""
    files = [
        results(f"scores/{model}/{strategy}/{aligner}/{pairs}/{task}/seed{seed}/{langs}.csv")
        for model, strategy, aligner, pairs, task, seed in grid.runs(CONFIG)
        if evaluated(task, langs)
    ]
    if not files:
        raise WorkflowError(f"tables/{langs}: no task is evaluated in {langs}; see evaluate of each task")
    return files


def trajectory(wildcards):
    """Checkpoints of the realignment that a run starts from."""
    return results(f"realigned/{REALIGNMENT_RUN.format(**wildcards)}")


def start_of(wildcards):
    """Folder with the encoder that a run fine-tunes: the pretrained one where no realignment goes before."""
    return trajectory(wildcards) if wildcards.strategy in BEFORE else model_folder(wildcards.model)


def checkpoint_of(wildcards):
    """Which checkpoint in that folder it is; the pretrained encoder is the folder itself."""
    if wildcards.strategy not in BEFORE:
        return "."
    return f"steps{grid.realignment_steps(CONFIG, wildcards.task, wildcards.model)}"


def pairs_of(wildcards):
    """Word pairs that a run realigns on while it is fine-tuned, if it does."""
    return results("encoded/{model}/{aligner}/{pairs}") if wildcards.strategy in STRATEGIES.keys() - BEFORE else []


def interleaving_of(wildcards):
    """Settings of a realignment during fine-tuning, or None."""
    if not pairs_of(wildcards):
        return None
    settings = CONFIG.realignment_settings(wildcards.model, wildcards.strategy)
    return {
        # The others are fine-tuning's own.
        "settings": as_params(settings, exclude={"learning_rate", "precision", "trim_vocabulary"}),
        "weight": STRATEGIES[wildcards.strategy].weight,
        "languages": languages_of(wildcards.pairs),
    }


def gold_files(part, langs):
    """Gold-linked files of a language set."""
    return [for_language(getattr(CONFIG.data.gold, part), lang) for lang in languages_of(langs)] if HAS_GOLD else []


def bitext_inputs():
    """Text files of a bitext: one with both sides, or one for each."""
    files = {"source": BITEXT.pairs} if BITEXT.pairs else BITEXT.sides
    return {
        side: lambda wildcards, pattern=pattern: for_language(pattern, wildcards.lang)
        for side, pattern in files.items()
    }


def alignment_inputs(script):
    """What every aligner reads: the bitext and, where there are some, the gold-linked sentences."""
    inputs = {"bitext": results("bitext/{lang}.parquet"), "code": code(script)}
    if HAS_GOLD:
        inputs["gold_source"] = for_language(CONFIG.data.gold.source, SOURCE)
        inputs["gold_target"] = lambda wildcards: for_language(CONFIG.data.gold.target, wildcards.lang)
    return inputs


def alignment_outputs(aligner):
    """Alignments of the bitext and, for the diagnostics, of the gold-linked sentences."""
    outputs = {"alignments": results(f"alignments/{aligner}/{{lang}}.txt")}
    if HAS_GOLD:
        outputs["gold"] = results(f"gold_alignments/{aligner}/{{lang}}.txt")
    return outputs


def state_of(run):
    """State of a running training: outside the declared outputs, which are deleted when a job fails."""
    return results(f"state/{run}.pt")


def diagnostics(langs):
    """Tables and figures about aligners and encoders, where there are gold-linked sentences."""
    names = ["tables/{langs}/aligner_quality.csv", "tables/{langs}/retrieval.csv", "figures/{langs}/retrieval.png"]
    return [results(name.format(langs=langs)) for name in names] if HAS_GOLD else []
