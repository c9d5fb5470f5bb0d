"""Configuration, and what several of the other files share (paths, checksums of code, languages, models).

An input function that one rule needs stands above that rule. Its signature is broken over lines because
`snakemake --lint` would have every function here, however far from its rule, and looks for them line by line.
"""

import functools
import os
import re
import sys
from collections import Counter
from pathlib import Path

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE))
# Jobs are processes of their own and import the library from this checkout.
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [str(BASE), os.getenv("PYTHONPATH")])))
# Only the jobs that fetch go online; huggingface_hub heeds this name too, and HF_HUB_OFFLINE stays the user's.
os.environ.update(TRANSFORMERS_OFFLINE="1")


from alignfreeze.experiment import configuration, grid, memory
from alignfreeze.experiment.cost import architecture_or_largest
from alignfreeze.languages.registry import facts_of, use_facts
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.errors import InputError
from alignfreeze.support.checksums import checkpoint_checksum, code_checksums
from alignfreeze.support.imports import decisive_modules
from alignfreeze.support.locks import hold_working_directory
from alignfreeze.support.machine import memory_megabytes
from alignfreeze.support.paths import LANGUAGE
from alignfreeze.support.space import require_space
from alignfreeze.support.trackers import require_installed


def in_base(path):
    """A path of the configuration or the checkout, as seen from the working directory."""
    return path if Path(path).is_absolute() else os.path.relpath(BASE / path)


# A --configfile stands alone: merging it into config.yaml would leave the demo's models and tasks in it.
CONFIGURATION_FILES = list(workflow.config_settings.configfiles) or ["config.yaml"]
try:
    for file in CONFIGURATION_FILES:
        configuration.read_yaml(file)  # Snakemake names no line, and passes over a key that stands twice
except InputError as error:
    raise WorkflowError(f"the configuration is wrong:\n{error}") from None

if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


try:
    CONFIG = configuration.load(
        config,
        file=" + ".join(map(str, CONFIGURATION_FILES)),
        base=Path(os.path.relpath(BASE)),
    )
except InputError as error:
    raise WorkflowError(f"the configuration is wrong:\n{error}") from None

PUBLISHED = isinstance(CONFIG, configuration.PublishedExperiment)
SOURCE = CONFIG.source_language
# Jobs that need facts about languages have it as an input.
LANGUAGE_FACTS = [in_base(CONFIG.language_facts)] if CONFIG.language_facts else []
use_facts(*LANGUAGE_FACTS or [None])
LABELS = CONFIG.labels()
LANGUAGE_SETS = CONFIG.language_sets
EVALUATE = CONFIG.evaluate
if PUBLISHED:
    MODELS, TASKS = CONFIG.published.models, CONFIG.published.tasks
    STRATEGIES, ALIGNERS, PARTS = [], [], {}
    SCORED_SETS = CONFIG.published.realignment_languages
    REALIGNED_ON = [*SCORED_SETS, *CONFIG.filtered_bitexts]
    FIT_PAIRS, HAS_GOLD = None, False
else:
    MODELS, TASKS = CONFIG.models, CONFIG.tasks.names
    STRATEGIES, ALIGNERS = CONFIG.realignment.strategies, CONFIG.aligners.names
    BEFORE, DURING, AFTER = (
        grid.strategies_before(CONFIG),
        grid.strategies_during(CONFIG),
        grid.strategies_after(CONFIG),
    )
    REALIGNED_ON, SCORED_SETS = CONFIG.bitexts, grid.scored_sets(CONFIG)
    BITEXT = CONFIG.data.bitext
    FILTER = BITEXT.filter
    # Folder of the bitext that is left at each of several percentiles; all of it, or the experiment's one part, has none.
    PARTS = {None: ""} | {
        one.percentile: f"percentile_{one.percentile:.12g}/" for one in CONFIG.filtered_bitexts.values()
    }
    FIT_PAIRS = CONFIG.aligners.fastalign and CONFIG.aligners.fastalign.fit_pairs
    HAS_GOLD = CONFIG.data.gold is not None
    DATASETS, HUB_MODELS, ROWS = CONFIG.hub_datasets(), CONFIG.hub_models(), CONFIG.hub_rows()
    GPUS = 0 if CONFIG.device == "cpu" else 1
if workflow.is_main_process:
    hold_working_directory(Path(".snakemake"))
    # What jobs need is in their rules; --resources mem_mb=N allows another sum. A cluster's scheduler knows its nodes.
    if workflow.local_exec and not {"mem_mb", "mem_mib", "mem"} & {*workflow.global_resources}:
        workflow.register_resource("mem_mb", memory_megabytes())
# Jobs read these from here: as parameters of theirs, another lock file would fetch everything again, and another device
# (be it the same one by another name) or a tracker would train everything again.
if not PUBLISHED:
    config["device"] = CONFIG.device
    config["trackers"] = list(CONFIG.trackers)
    config["resources_lock"] = in_base(CONFIG.resources_lock)
    if workflow.is_main_process:
        try:
            ResourcesLock(config["resources_lock"], "resources").verify()
            require_installed(CONFIG.trackers)
        except InputError as error:
            raise WorkflowError(str(error)) from None


def results(path):
    """A path below this experiment's folder."""
    return f"results/{CONFIG.experiment}/{path}"


def log_of(path):
    """Log of the job that makes `path`."""
    return results(f"logs/{path}.log")


@functools.cache
def code_files(script, loaded=(), without=()):
    """A script and the modules behind it, with the tables and templates of their packages.

    `loaded` are modules that it loads by name; `without` leaves out some that decide nothing of the rule's result.
    """
    path = BASE / "workflow_scripts" / f"{script}.py"
    files = [BASE / "alignfreeze" / f"{module}.py" for module in decisive_modules(path, loaded, without)]
    beside = {other for file in files for other in file.parent.iterdir() if other.is_file() and other.suffix != ".py"}
    return (path, *files, *sorted(beside))


def code(script, *loaded, without=()):
    """Checksums of the code behind a rule: an edit reruns it, a touch or a fresh checkout does not.

    A parameter, and no inputs: Snakemake looks at every input of every job that is ready whenever one ends.
    """
    return code_checksums(code_files(script, loaded, tuple(without)))


def code_of_task(script, task, *loaded, without=()):
    """`code` of a script that loads a task by its kind. That there are other kinds decides nothing."""
    return code(script, f"kinds/{CONFIG.tasks[task].kind}", *loaded, without=["kinds/__init__", *without])


# What is trained does not depend on how it is scored.
SCORING = [f"metrics/{path.stem}" for path in (BASE / "alignfreeze" / "metrics").glob("*.py")]


def one_of(names):
    """Wildcard constraint: one of the names (or nothing at all, if there are none)."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def one_part(parts):
    """Wildcard constraint: one of some folders of `PARTS`, of which one may be no folder."""
    return f"(?:{'|'.join(map(re.escape, parts))})"


def as_params(settings, **chosen):
    """Settings as plain dictionaries, always in the same order: another order in the configuration reruns nothing."""
    return settings.model_dump(mode="json", **chosen)


def kept(path, *settings):
    """A checkpoint folder that stays if `keep` is one of the settings, and else goes after its last use."""
    return directory(path) if CONFIG.keep in settings else temp(directory(path))


# Paths; a wildcard is one fact.
REALIGNMENT_RUN = "{model}/{strategy}/{aligner}/{realignment_languages}/seed{seed}"
TASK_RUN = "{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}"


def refuse(reason):
    """Stop with one line on a target that cannot be.

    Any other exception of an input function is shown with its wildcards and a traceback.
    """
    raise SystemExit(f"{CONFIG.experiment}: {reason}")


def known(lang):
    """A language's code, if somebody knows it: wildcards take whatever has the form of one."""
    try:
        facts_of(lang)
    except InputError as error:
        refuse(error)
    return lang


def languages_of(langs):
    """Languages of a set; a single code counts as a set of one language."""
    return [known(lang) for lang in CONFIG.languages_of(langs)]


def model_folder(model):
    """Where a model's checkpoint lies; everything downstream sees just this folder.

    Snakemake would go by the time stamp of the user's own folder; its content counts instead (`own_checkpoint`).
    """
    local = MODELS[model].local_folder
    return ancient(in_base(local)) if local else str(MODELS[model].folder(BASE))


@functools.lru_cache
def own_checkpoint(model):
    """Checksum of a checkpoint of the user's own, a parameter of the rules that load it; None of what a rule makes."""
    local = MODELS[model].local_folder
    return checkpoint_checksum(in_base(local)) if local else None


@functools.lru_cache
def size_of(model):
    """Sizes of a model, before it is fetched, too."""
    return architecture_or_largest(model, MODELS[model].source, MODELS[model].folder(BASE))


def inference_memory(wildcards, attempt):
    """Main memory (MB) of a job that reads a model; another attempt after a failure asks for more."""
    return attempt * memory.inference_megabytes(
        size_of(wildcards.get("model") or CONFIG.aligners.awesome.model), bool(GPUS)
    )


def realignment_memory(wildcards, attempt):
    """Main memory (MB) of a realignment; a sentence pair is two sequences."""
    chosen = CONFIG.realignment
    rows = 2 * chosen.batch_size
    return attempt * memory.training_megabytes(
        size_of(wildcards.model), rows, chosen.max_length, chosen.trim_vocabulary, bool(GPUS)
    )


def finetuning_memory(wildcards, attempt):
    """Main memory (MB) of a fine-tuning, with the realignment that goes on meanwhile where there is one."""
    task, chosen = CONFIG.tasks[wildcards.task], CONFIG.realignment
    during = 2 * chosen.batch_size if wildcards.get("strategy") in DURING else 0
    longest = max(task.encoding.max_length, chosen.max_length if during else 0)
    return attempt * memory.training_megabytes(
        size_of(wildcards.model), task.batch_size + during, longest, True, bool(GPUS)
    )


def for_language(entry, lang):
    """A language's file: the user's own, by its pattern, or the one that a public source becomes."""
    known(lang)
    if isinstance(entry, str):
        path = in_base(entry.replace("{lang}", lang))
        if not Path(path).exists():
            refuse(f"language {lang!r} has no file {entry.replace('{lang}', lang)}; add it")
        return path
    if entry.languages_without([lang]):
        refuse(f"language {lang!r} has no treebank; name one in treebanks")
    return f"resources/{entry.file_of(lang, SOURCE)}"


def encoded_rows(wildcards):
    """Folder with the encoded word pairs of a run's languages; sets share it where one has the languages of another."""
    languages = grid.encoded_with(CONFIG, wildcards.realignment_languages)
    return results(f"encoded/{wildcards.model}/{wildcards.aligner}/{languages}")


def scored_as(wildcards):
    """Name of a run's realignment languages in tables: their order, in which they take turns, is none of it."""
    return grid.languages_as(CONFIG, wildcards.realignment_languages)


def chosen_blocks(wildcards):
    """File with the blocks that a strategy freezes by gradient conflict; nothing for other strategies."""
    by_conflict = CONFIG.frozen_by_conflict(wildcards.strategy) is not None
    return results(f"diagnostics/frozen/{REALIGNMENT_RUN.format(**wildcards)}.json") if by_conflict else []


def trajectory(wildcards):
    """Checkpoints of the realignment that a run starts from; strategies that freeze the same share them."""
    named = {**wildcards, "strategy": grid.trajectory_of(CONFIG, wildcards.strategy)}
    return results(f"realigned/{REALIGNMENT_RUN.format(**named)}")


def checkpoint_of(wildcards):
    """Which checkpoint in that folder it is; the pretrained encoder is the folder itself."""
    if wildcards.strategy not in BEFORE:
        return "."
    return f"steps{grid.realignment_steps(CONFIG, wildcards.task, wildcards.model)}"


def state_of(run):
    """State of a running training: outside the declared outputs, which are deleted when a job fails."""
    return results(f"state/{run}.pt")


# What the included files make of the evaluated languages and the targets ask for; each file adds its own.
TABLES, FIGURES = [], []


def check_disk(jobs):
    """Stop before the first job if the checkpoints that its run will leave do not fit on the disk (see make plan)."""
    stays = {
        "realign": ("all",),
        **dict.fromkeys(("finetune", "finetune_in_language", "realign_finetuned"), ("all", "finetuned")),
    }
    trained = [(job, size_of(job.wildcards.model)) for job in jobs if job.rule.name in stays]
    if not trained:
        return
    kept_bytes = sum(
        size.checkpoint_bytes * len(job.params.get("steps", [0]))
        for job, size in trained
        if CONFIG.keep in stays[job.rule.name]
    )
    try:
        require_space(
            results(""), "checkpoints and a training state", kept_bytes + max(size.state_bytes for _, size in trained)
        )
    except InputError as error:
        raise WorkflowError(str(error)) from None


def show_progress(jobs):
    """One line for the whole run and one for each job at work, on a terminal; estimates of the time left in logs."""
    global hide_progress
    # Not above: every job reads this file, and needs none of it.
    from alignfreeze.experiment.plan import expected_seconds
    from alignfreeze.support.terminal import follow_run

    chosen = workflow.output_settings
    hide_progress = follow_run(
        logger,
        Counter(job.rule.name for job in jobs),
        {} if PUBLISHED else expected_seconds(CONFIG, BASE),
        quiet=[choice.name.lower() for choice in chosen.quiet or []],
        verbose=chosen.verbose or chosen.printshellcmds,
    ).stop


def hide_progress():
    """Nothing to take away: no run has begun."""
