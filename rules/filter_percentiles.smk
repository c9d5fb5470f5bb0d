"""Effect of a quality filter of the bitext by percentile; included where the experiment has several."""

TABLES += [results(f"tables/{EVALUATE}/filter_percentiles.{suffix}") for suffix in ("csv", "tex")]
FIGURES += [results(f"figures/{EVALUATE}/filter_percentiles.{suffix}") for suffix in ("pdf", "png")]


rule compare_filter_percentiles:
    input:
        scores=SCORES,
        records=results("tables/{langs}/run_records.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["filter_percentiles"], "Tables"),
        png=report(
            results("figures/{langs}/filter_percentiles.png"),
            category="Figures",
            labels={"figure": "filter percentiles", "languages": "{langs}"},
            caption="../report/filter_percentiles_figure.rst",
        ),
        pdf=results("figures/{langs}/filter_percentiles.pdf"),
    log:
        log_of("tables/{langs}/filter_percentiles"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("compare_filter_percentiles"),
        labels=LABELS,
        source=SOURCE,
        filtered={name: list(parts) for name, parts in CONFIG.filtered_bitexts.items()},
    message:
        "Effect of the quality filter by percentile: {wildcards.langs}"
    script:
        "../workflow_scripts/compare_filter_percentiles.py"
