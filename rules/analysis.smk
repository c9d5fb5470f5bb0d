"""Tables, figures and statistics: pure functions of the long table of scores, whatever it was made from."""

if PUBLISHED:
    ANALYSED = [
        (model, task) for model in ("distilmbert", "mbert", "xlmr") for task in ("udpos", "wikiann", "xnli", "xquad")
    ]
else:
    ANALYSED = [(model, task) for model in MODELS for task in TASKS]

SCORES = results("tables/{langs}/scores.csv")
CELL_TABLES = ["main", "front_vs_full", "counts", "source_vs_target", "best_worst", "noise"]
LANGUAGE_FIGURES = {
    "delta_by_language": "delta_by_language",
    "heatmap": "heatmap",
    "front_vs_full": "front_vs_full_figure",
}
CELL_FIGURES = ["forest_main", "seed_strips"]


def analysis(langs):
    """Every table, figure and regression of a language set."""
    names = [*CELL_TABLES, "languages", "correlations", "generalisation", "runs"]
    names += [f"per_language_{model}_{task}" for model, task in ANALYSED]
    names += ["compare", "compare_by_language"] if "compare_with" in config else []
    figures = [f"{name}_{model}_{task}" for name in LANGUAGE_FIGURES for model, task in ANALYSED]
    figures += [f"delta_vs_distance_{task}" for task in dict.fromkeys(task for _, task in ANALYSED)]
    figures += [*CELL_FIGURES, "generalisation"]
    return [
        *(results(f"tables/{langs}/{name}.{suffix}") for name in names for suffix in ("csv", "tex")),
        *(results(f"figures/{langs}/{name}.{suffix}") for name in figures for suffix in ("pdf", "png")),
        *(results(f"regression/{langs}/regression.{suffix}") for suffix in ("csv", "tex")),
        results(f"tables/{langs}/findings.csv"),
    ]


def table_outputs(names, category, folder="tables"):
    """CSV (in the report) and LaTeX of some tables, as named outputs."""
    outputs = {}
    for name in names:
        path = results(f"{folder}/{{langs}}/{name}")
        labels = {"table": name.replace("_", " "), "languages": "{langs}"}
        caption = name if (BASE / "report" / f"{name}.rst").exists() else name.split("_by_")[0]
        outputs[name] = report(f"{path}.csv", category=category, labels=labels, caption=f"../report/{caption}.rst")
        outputs[f"{name}_tex"] = f"{path}.tex"
    return outputs


def language_table_outputs():
    """The tables by language of every model and task."""
    outputs = {}
    for model, task in ANALYSED:
        name = f"per_language_{model}_{task}"
        path = results(f"tables/{{langs}}/{name}")
        labels = {"table": "by language", "model": model, "task": task, "languages": "{langs}"}
        outputs[name] = report(
            f"{path}.csv", category="Tables by language", labels=labels, caption="../report/per_language.rst"
        )
        outputs[f"{name}_tex"] = f"{path}.tex"
    return outputs


def figure_outputs():
    """PNG (in the report) and PDF of the figures, as named outputs."""
    figures = {
        name: (name, "Figures", {"figure": name.replace("_", " "), "languages": "{langs}"}) for name in CELL_FIGURES
    }
    for task in dict.fromkeys(task for _, task in ANALYSED):
        labels = {"figure": "Δ and distance", "task": task, "languages": "{langs}"}
        figures[f"delta_vs_distance_{task}"] = ("delta_vs_distance", "Figures", labels)
    for model, task in ANALYSED:
        for name, caption in LANGUAGE_FIGURES.items():
            labels = {"figure": name.replace("_", " "), "model": model, "task": task, "languages": "{langs}"}
            figures[f"{name}_{model}_{task}"] = (caption, "Figures by language", labels)
    outputs = {}
    for name, (caption, category, labels) in figures.items():
        path = results(f"figures/{{langs}}/{name}")
        outputs[name] = report(f"{path}.png", category=category, labels=labels, caption=f"../report/{caption}.rst")
        outputs[f"{name}_pdf"] = f"{path}.pdf"
    return outputs


rule tabulate_languages:
    input:
        code=code("languages", "analysis/latex"),
        facts=in_base("alignfreeze/languages.tsv"),
    output:
        **table_outputs(["languages"], "Languages"),
    log:
        log_of("tables/{langs}/languages"),
    conda:
        "../envs/analysis.yaml"
    params:
        source=SOURCE,
        languages=lambda wildcards: languages_of(wildcards.langs),
    message:
        "Languages and their distances: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_languages.py"


rule tabulate_cells:
    input:
        scores=SCORES,
        code=code(
            "scores",
            *(f"analysis/{name}" for name in ("contrasts", "counts", "intervals", "order", "tables", "latex")),
        ),
    output:
        **table_outputs(CELL_TABLES, "Tables"),
        **language_table_outputs(),
    log:
        log_of("tables/{langs}/cells"),
    conda:
        "../envs/analysis.yaml"
    params:
        source=SOURCE,
        tables=CELL_TABLES,
        by_language=ANALYSED,
    message:
        "Tables of cells and of languages: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_cells.py"


rule correlate:
    input:
        scores=SCORES,
        code=code(
            "scores",
            "languages",
            *(f"analysis/{name}" for name in ("contrasts", "correlations", "predictors", "latex")),
        ),
    output:
        **table_outputs(["correlations"], "Distance and transfer"),
    log:
        log_of("tables/{langs}/correlations"),
    conda:
        "../envs/analysis.yaml"
    params:
        source=SOURCE,
    message:
        "Correlations with distance: {wildcards.langs}"
    script:
        "../workflow_scripts/correlate.py"


rule fit_regressions:
    input:
        scores=SCORES,
        code=code(
            "scores", "languages", *(f"analysis/{name}" for name in ("contrasts", "predictors", "regression", "latex"))
        ),
    output:
        **table_outputs(["regression"], "Distance and transfer", folder="regression"),
    log:
        log_of("regression/{langs}/regression"),
    conda:
        "../envs/analysis.yaml"
    params:
        source=SOURCE,
    message:
        "Regressions on distance: {wildcards.langs}"
    script:
        "../workflow_scripts/fit_regressions.py"


rule generalise:
    input:
        scores=SCORES,
        code=code(
            "scores",
            "languages",
            *(f"analysis/{name}" for name in ("contrasts", "predictors", "generalisation", "figures", "latex")),
        ),
    output:
        **table_outputs(["generalisation"], "Distance and transfer"),
        png=report(
            results("figures/{langs}/generalisation.png"),
            category="Distance and transfer",
            labels={"figure": "generalisation", "languages": "{langs}"},
            caption="../report/generalisation.rst",
        ),
        pdf=results("figures/{langs}/generalisation.pdf"),
    log:
        log_of("tables/{langs}/generalisation"),
    conda:
        "../envs/analysis.yaml"
    threads: 2
    params:
        source=SOURCE,
    message:
        "What predicts an unseen language: {wildcards.langs}"
    script:
        "../workflow_scripts/generalise.py"


rule tabulate_runs:
    input:
        facts=results("tables/{langs}/run_facts.csv"),
        code=code("analysis/runs", "analysis/latex"),
    output:
        **table_outputs(["runs"], "Runs"),
    log:
        log_of("tables/{langs}/runs"),
    conda:
        "../envs/analysis.yaml"
    message:
        "What the runs took: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_runs.py"


rule draw_figures:
    input:
        scores=SCORES,
        code=code(
            "scores", "languages", *(f"analysis/{name}" for name in ("contrasts", "figures", "intervals", "order"))
        ),
    output:
        **figure_outputs(),
    log:
        log_of("figures/{langs}/figures"),
    conda:
        "../envs/analysis.yaml"
    params:
        source=SOURCE,
        by_language=ANALYSED,
    message:
        "Figures: {wildcards.langs}"
    script:
        "../workflow_scripts/draw_figures.py"


rule state_findings:
    input:
        **{
            name: results(f"tables/{{langs}}/{name}.csv")
            for name in (
                "main",
                "front_vs_full",
                "counts",
                "source_vs_target",
                "correlations",
                "generalisation",
                "noise",
            )
        },
        code=code("analysis/findings"),
    output:
        report(
            results("tables/{langs}/findings.csv"),
            category="Findings",
            labels={"table": "findings", "languages": "{langs}"},
            caption="../report/findings.rst",
        ),
    log:
        log_of("tables/{langs}/findings"),
    conda:
        "../envs/analysis.yaml"
    message:
        "Headline findings: {wildcards.langs}"
    script:
        "../workflow_scripts/state_findings.py"


if "compare_with" in config:

    rule compare:
        input:
            ours=SCORES,
            other=in_base(config["compare_with"]),
            code=code("scores", "analysis/compare", "analysis/contrasts", "analysis/latex"),
        output:
            **table_outputs(["compare", "compare_by_language"], "Beside the published results"),
        log:
            log_of("tables/{langs}/compare"),
        conda:
            "../envs/analysis.yaml"
        params:
            source=SOURCE,
        message:
            "Comparing with {input.other}: {wildcards.langs}"
        script:
            "../workflow_scripts/compare.py"


if not PUBLISHED:

    rule record_run:
        input:
            finetuned=results(f"finetuned/{TASK_RUN}"),
            realigned=lambda wildcards: [] if wildcards.strategy == "baseline" else start_of(wildcards),
            code=code("analysis/runs"),
        output:
            results(f"records/{TASK_RUN}.json"),
        log:
            log_of(f"records/{TASK_RUN}"),
        conda:
            "../envs/analysis.yaml"
        message:
            "Facts of {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
        script:
            "../workflow_scripts/record_run.py"

    rule collect_records:
        input:
            [
                results(f"records/{model}/{strategy}/{aligner}/{pairs}/{task}/seed{seed}.json")
                for model, strategy, aligner, pairs, task, seed in runs()
            ],
        output:
            results("tables/{langs}/run_facts.csv"),
        log:
            log_of("tables/{langs}/run_facts"),
        conda:
            "../envs/analysis.yaml"
        message:
            "Collecting the facts of all runs"
        script:
            "../workflow_scripts/collect_records.py"
