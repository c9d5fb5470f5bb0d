"""Where in the network: gradient conflict of realignment and task.

Included where `diagnostics.conflict` is set.
"""

CONFLICT = CONFIG.diagnostics.conflict
CONFLICT_FIGURES = {f"gradient_conflict_{model}_{task}": (model, task) for model, task in ANALYSED}
CONFLICT_TABLES = {
    "by_language": "gradient_conflict",
    "by_block": "gradient_conflict_by_block",
    "prediction": "gradient_conflict_prediction",
}

CONFLICT_FILES = [
    results(f"diagnostics/conflict/{model}/{aligner}/{realignment_languages}/{task}/seed{seed}.csv")
    for model, task in ANALYSED
    for _, aligner, realignment_languages in grid.methods(CONFIG, task)[:1]
    for seed in CONFIG.seeds
]

TABLES += [results(f"tables/{EVALUATE}/{name}.csv") for name in CONFLICT_TABLES.values()]
FIGURES += [results(f"figures/{EVALUATE}/{name}.{suffix}") for name in CONFLICT_FIGURES for suffix in ("pdf", "png")]


def task_examples(
    wildcards,
):
    """The task's data in the source language whose gradients are taken."""
    task = CONFIG.tasks[wildcards.task]
    return for_language(task.train if CONFLICT.examples == "train" else task.test_data(True), SOURCE)


rule measure_conflict:
    input:
        encoder=lambda wildcards: model_folder(wildcards.model),
        finetuned=results(f"finetuned/{{model}}/{grid.BASELINE}/{grid.NONE}/{grid.NONE}/{{task}}/seed{{seed}}"),
        rows=encoded_rows,
        examples=task_examples,
    output:
        results("diagnostics/conflict/{model}/{aligner}/{realignment_languages}/{task}/seed{seed}.csv"),
    log:
        log_of("diagnostics/conflict/{model}/{aligner}/{realignment_languages}/{task}/seed{seed}"),
    benchmark:
        results("benchmarks/diagnostics/conflict/{model}/{aligner}/{realignment_languages}/{task}/seed{seed}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=realignment_memory,
    params:
        code=lambda wildcards: code_of_task("measure_conflict", wildcards.task, without=SCORING),
        source=SOURCE,
        realignment_languages=scored_as,
        languages=lambda wildcards: languages_of(wildcards.realignment_languages),
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: CONFIG.tasks[wildcards.task].encoding.for_training(),
        finetuning=lambda wildcards: as_params(CONFIG.finetuning_settings(wildcards.model, wildcards.task)),
        realignment=lambda wildcards: as_params(CONFIG.conflict_objective(wildcards.model, wildcards.aligner)),
        settings=as_params(CONFLICT),
    message:
        "Gradient conflict of {wildcards.model} on {wildcards.task}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/measure_conflict.py"


def conflict_of(
    wildcards,
):
    """Conflict by which a strategy chooses its blocks: of the same model, word pairs and seed, on the strategy's task."""
    task = CONFIG.frozen_by_conflict(wildcards.strategy).task
    return results(f"diagnostics/conflict/{{model}}/{{aligner}}/{{realignment_languages}}/{task}/seed{{seed}}.csv")


rule choose_blocks:
    input:
        conflict=conflict_of,
    output:
        results(f"diagnostics/frozen/{REALIGNMENT_RUN}.json"),
    log:
        log_of(f"diagnostics/frozen/{REALIGNMENT_RUN}"),
    wildcard_constraints:
        strategy=one_of([name for name in STRATEGIES if CONFIG.frozen_by_conflict(name)]),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("choose_blocks"),
        task=lambda wildcards: CONFIG.frozen_by_conflict(wildcards.strategy).task,
        state=lambda wildcards: CONFIG.frozen_by_conflict(wildcards.strategy).state,
    message:
        "Blocks that strategy {wildcards.strategy} freezes in {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/choose_blocks.py"


rule summarise_conflict:
    input:
        conflict=CONFLICT_FILES,
        deltas=results("tables/{langs}/deltas.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **{
            output: report(
                results(f"tables/{{langs}}/{name}.csv"),
                category="Diagnostics",
                labels={"table": name.replace("_", " "), "languages": "{langs}"},
                caption="../report/gradient_conflict.rst",
            )
            for output, name in CONFLICT_TABLES.items()
        },
        pdf=[results(f"figures/{{langs}}/{name}.pdf") for name in CONFLICT_FIGURES],
        figures=report(
            [results(f"figures/{{langs}}/{name}.png") for name in CONFLICT_FIGURES],
            category="Diagnostics",
            labels={"figure": "gradient conflict", "languages": "{langs}"},
            caption="../report/gradient_conflict.rst",
        ),
    log:
        log_of("tables/{langs}/gradient_conflict"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("summarise_conflict"),
        labels=LABELS,
        figures=CONFLICT_FIGURES,
    message:
        "Gradient conflict by block and language: {wildcards.langs}"
    script:
        "../workflow_scripts/summarise_conflict.py"
