"""Scores by language, and the long table that feeds all analysis."""


def evaluated(
    task,
    langs,
):
    """Languages of a set, or a single one, in which a task is scored; a set is scored beside the source language."""
    return CONFIG.evaluated_languages(task, langs)


def test_file(
    task,
    lang,
):
    """A task's test data in a language."""
    return for_language(CONFIG.tasks[task].test_data(lang == SOURCE), lang)


rule evaluate:
    input:
        model=results(f"finetuned/{TASK_RUN}"),
        tests=lambda wildcards: [test_file(wildcards.task, lang) for lang in evaluated(wildcards.task, wildcards.langs)],
    output:
        results(f"scores/{TASK_RUN}/{{langs}}.csv"),
    log:
        log_of(f"scores/{TASK_RUN}/{{langs}}"),
    benchmark:
        results(f"benchmarks/scores/{TASK_RUN}/{{langs}}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=inference_memory,
    params:
        code=lambda wildcards: code_of_task("evaluate", wildcards.task),
        experiment=CONFIG.experiment,
        realignment_languages=scored_as,
        source=SOURCE,
        languages=lambda wildcards: evaluated(wildcards.task, wildcards.langs),
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: as_params(CONFIG.tasks[wildcards.task].encoding),
        max_test_items=lambda wildcards: CONFIG.tasks[wildcards.task].max_test_items,
    message:
        "Evaluating {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}: {wildcards.langs}"
    script:
        "../workflow_scripts/evaluate.py"


def score_files(
    wildcards,
):
    """Scores of every run whose task has a language of the set."""
    languages_of(wildcards.langs)  # somebody knows them
    files = [
        results(f"scores/{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}/{wildcards.langs}.csv")
        for model, strategy, aligner, realignment_languages, task, seed in grid.runs(CONFIG)
        if evaluated(task, wildcards.langs)
    ]
    files += [results(f"scores_{run}.csv") for run in in_language_runs(wildcards.langs)]
    if not files:
        refuse(f"tables/{wildcards.langs}: no task is evaluated in {wildcards.langs}; see evaluate of each task")
    return files


rule collect_scores:
    input:
        scores=score_files,
    output:
        results("tables/{langs}/scores.csv"),
    log:
        log_of("tables/{langs}/scores"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("collect_scores"),
    message:
        "Collecting the scores of all runs: {wildcards.langs}"
    script:
        "../workflow_scripts/collect_scores.py"
