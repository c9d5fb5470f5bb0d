"""Scores by language, word retrieval, and the long table that feeds all analysis."""


rule evaluate:
    input:
        model=results(f"finetuned/{TASK_RUN}"),
        tests=lambda wildcards: [test_file(wildcards.task, lang) for lang in evaluated(wildcards.task, wildcards.langs)],
        code=lambda wildcards: code("evaluate", f"tasks/{wildcards.task}", f"metrics/{wildcards.task}"),
    output:
        results(f"scores/{TASK_RUN}/{{langs}}.csv"),
    log:
        log_of(f"scores/{TASK_RUN}/{{langs}}"),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        experiment=CONFIG.experiment,
        source=SOURCE,
        languages=lambda wildcards: evaluated(wildcards.task, wildcards.langs),
        encoding=lambda wildcards: as_params(CONFIG.tasks[wildcards.task].encoding),
        max_test_items=lambda wildcards: CONFIG.tasks[wildcards.task].max_test_items,
        device=CONFIG.device,
    message:
        "Evaluating {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}: {wildcards.langs}"
    script:
        "../workflow_scripts/evaluate.py"


rule collect_scores:
    input:
        scores=lambda wildcards: score_files(wildcards.langs),
        code=code("collect_scores"),
    output:
        results("tables/{langs}/scores.csv"),
    log:
        log_of("tables/{langs}/scores"),
    conda:
        "../envs/analysis.yaml"
    message:
        "Collecting the scores of all runs: {wildcards.langs}"
    script:
        "../workflow_scripts/collect_scores.py"


rule retrieve_words:
    input:
        start=lambda wildcards: (
            model_folder(wildcards.model) if wildcards.strategy == configuration.BASELINE else trajectory(wildcards)
        ),
        source=for_language(CONFIG.data.gold.source, SOURCE) if HAS_GOLD else [],
        targets=lambda wildcards: gold_files("target", wildcards.langs),
        links=lambda wildcards: gold_files("links", wildcards.langs),
        code=code("retrieve_words"),
    output:
        results(f"retrieval/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.csv"),
    log:
        log_of(f"retrieval/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}"),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        checkpoint=lambda wildcards: (
            "." if wildcards.strategy == configuration.BASELINE else f"steps{wildcards.steps}"
        ),
        languages=lambda wildcards: languages_of(wildcards.langs),
        max_length=CONFIG.realignment.max_length,
        device=CONFIG.device,
    message:
        "Word retrieval of {wildcards.model}, strategy {wildcards.strategy}, seed {wildcards.seed}: {wildcards.langs}"
    script:
        "../workflow_scripts/retrieve_words.py"


rule summarise_retrieval:
    input:
        retrieval=lambda wildcards: [
            results(f"retrieval/{model}/{strategy}/{aligner}/{pairs}/seed{seed}/steps{steps}/{wildcards.langs}.csv")
            for model, strategy, aligner, pairs, seed, steps in [
                *((model, configuration.BASELINE, grid.NONE, grid.NONE, CONFIG.seeds[0], 0) for model in MODELS),
                *grid.realignments(CONFIG),
            ]
        ],
        code=code("summarise_retrieval"),
    output:
        table=report(
            results("tables/{langs}/retrieval.csv"),
            category="Diagnostics",
            labels={"table": "word retrieval", "languages": "{langs}"},
            caption="../report/retrieval.rst",
        ),
        png=report(
            results("figures/{langs}/retrieval.png"),
            category="Diagnostics",
            labels={"figure": "word retrieval", "languages": "{langs}"},
            caption="../report/retrieval.rst",
        ),
        pdf=results("figures/{langs}/retrieval.pdf"),
    log:
        log_of("tables/{langs}/retrieval"),
    conda:
        "../envs/analysis.yaml"
    message:
        "Word retrieval before and after realignment: {wildcards.langs}"
    script:
        "../workflow_scripts/summarise_retrieval.py"
