"""Sets of realignment languages compared with each other; included where the experiment has several."""

TABLES += [results(f"tables/{EVALUATE}/realignment_languages.{suffix}") for suffix in ("csv", "tex")]
FIGURES += [results(f"figures/{EVALUATE}/realignment_languages.{suffix}") for suffix in ("pdf", "png")]


rule compare_realignment_languages:
    input:
        scores=SCORES,
        records=results("tables/{langs}/run_records.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["realignment_languages"], "Tables"),
        png=report(
            results("figures/{langs}/realignment_languages.png"),
            category="Figures",
            labels={"figure": "realignment languages", "languages": "{langs}"},
            caption="../report/realignment_languages_figure.rst",
        ),
        pdf=results("figures/{langs}/realignment_languages.pdf"),
    log:
        log_of("tables/{langs}/realignment_languages"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("compare_realignment_languages"),
        labels=LABELS,
        source=SOURCE,
        sets=SCORED_SETS,
        filtered={name: list(parts) for name, parts in CONFIG.filtered_bitexts.items()},
    message:
        "Comparing realignment languages {params.sets}: {wildcards.langs}"
    script:
        "../workflow_scripts/compare_realignment_languages.py"
