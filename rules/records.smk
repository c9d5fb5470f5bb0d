"""Records of runs: what each took, from its run.json files; they outlive the checkpoints."""

RECORDS = [
    results(f"records/{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}.json")
    for model, strategy, aligner, realignment_languages, task, seed in grid.runs(CONFIG)
] + [results(f"records_{run}.json") for run in in_language_runs(EVALUATE)]


def run_folder(
    wildcards,
):
    """Folder of a run's model, as it is evaluated."""
    return results(f"finetuned/{TASK_RUN.format(**wildcards)}")


def finetuning_stage(
    wildcards,
):
    """Folder of a run's fine-tuning."""
    return finetuned_before(wildcards) if wildcards.strategy in AFTER else run_folder(wildcards)


def realignment_stage(
    wildcards,
):
    """Folder of the realignment before or after fine-tuning, where there is one."""
    if wildcards.strategy in AFTER:
        return run_folder(wildcards)
    return trajectory(wildcards) if wildcards.strategy in BEFORE else []


rule record_run:
    input:
        finetuned=finetuning_stage,
        realigned=realignment_stage,
    output:
        results(f"records/{TASK_RUN}.json"),
    log:
        log_of(f"records/{TASK_RUN}"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("record_run"),
        checkpoint=checkpoint_of,
        realignment_languages=scored_as,
    message:
        "Record of {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/record_run.py"


use rule record_run as record_in_language with:
    input:
        finetuned=results(f"finetuned_{IN_LANGUAGE_RUN}"),
        realigned=[],
    output:
        results(f"records_{IN_LANGUAGE_RUN}.json"),
    log:
        log_of(f"records_{IN_LANGUAGE_RUN}"),
    params:
        code=code("record_run"),
        checkpoint=".",
        strategy=IN_LANGUAGE,
        aligner=grid.NONE,
        realignment_languages=grid.NONE,
    message:
        "Record of {wildcards.model} on {wildcards.task}, in {wildcards.lang} itself, seed {wildcards.seed}"


rule collect_records:
    input:
        records=RECORDS,
    output:
        results("tables/{langs}/run_records.csv"),
    log:
        log_of("tables/{langs}/run_records"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("collect_records"),
        source=SOURCE,
    message:
        "Collecting the records of all runs"
    script:
        "../workflow_scripts/collect_records.py"
