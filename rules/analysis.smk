"""Tables, figures and statistics: pure functions of the long table of scores, whatever it was made from."""


rule tabulate_languages:
    input:
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["languages"], "Languages"),
    log:
        log_of("tables/{langs}/languages"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("tabulate_languages"),
        labels=LABELS,
        source=SOURCE,
        languages=lambda wildcards: languages_of(wildcards.langs),
    message:
        "Languages and their distances: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_languages.py"


rule tabulate_cells:
    input:
        scores=SCORES,
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(CELL_TABLES, "Tables"),
        **language_table_outputs(),
        deltas=tidy_output("deltas"),
    log:
        log_of("tables/{langs}/cells"),
    benchmark:
        results("benchmarks/tables/{langs}/cells.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("tabulate_cells"),
        labels=LABELS,
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
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["correlations"], "Distance and transfer"),
        contrasts=tidy_output("contrasts"),
    log:
        log_of("tables/{langs}/correlations"),
    benchmark:
        results("benchmarks/tables/{langs}/correlations.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("correlate"),
        labels=LABELS,
        source=SOURCE,
    message:
        "Correlations with distance: {wildcards.langs}"
    script:
        "../workflow_scripts/correlate.py"


rule fit_regressions:
    input:
        scores=SCORES,
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["regression"], "Distance and transfer", folder="regression"),
    log:
        log_of("regression/{langs}/regression"),
    benchmark:
        results("benchmarks/regression/{langs}/regression.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("fit_regressions"),
        labels=LABELS,
        source=SOURCE,
    message:
        "Regressions on distance: {wildcards.langs}"
    script:
        "../workflow_scripts/fit_regressions.py"


rule generalise:
    input:
        scores=SCORES,
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["generalisation"], "Distance and transfer"),
        png=report(
            results("figures/{langs}/generalisation.png"),
            category="Distance and transfer",
            labels={"figure": "generalisation", "languages": "{langs}"},
            caption="../report/generalisation_figure.rst",
        ),
        pdf=results("figures/{langs}/generalisation.pdf"),
    log:
        log_of("tables/{langs}/generalisation"),
    benchmark:
        results("benchmarks/tables/{langs}/generalisation.tsv")
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=memory.FOREST,
    params:
        code=code("generalise"),
        labels=LABELS,
        source=SOURCE,
    message:
        "What predicts an unseen language: {wildcards.langs}"
    script:
        "../workflow_scripts/generalise.py"


rule tabulate_runs:
    input:
        records=results("tables/{langs}/run_records.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["runs"], "Runs"),
    log:
        log_of("tables/{langs}/runs"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("tabulate_runs"),
        labels=LABELS,
    message:
        "What the runs took: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_runs.py"


rule draw_figures:
    input:
        main=results("tables/{langs}/main.csv"),
        deltas=results("tables/{langs}/deltas.csv"),
        contrasts=results("tables/{langs}/contrasts.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **figure_outputs(),
    log:
        log_of("figures/{langs}/figures"),
    benchmark:
        results("benchmarks/figures/{langs}/figures.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("draw_figures"),
        labels=LABELS,
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
        facts=LANGUAGE_FACTS,
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
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("state_findings"),
        labels=LABELS,
    message:
        "Headline findings: {wildcards.langs}"
    script:
        "../workflow_scripts/state_findings.py"
