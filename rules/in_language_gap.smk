"""Share of the gap to fine-tuning in the language itself; included where the experiment has such runs."""

TABLES += [results(f"tables/{EVALUATE}/in_language.{suffix}") for suffix in ("csv", "tex")]
FIGURES += [results(f"figures/{EVALUATE}/in_language.{suffix}") for suffix in ("pdf", "png")]


rule compare_in_language:
    input:
        scores=SCORES,
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["in_language"], "Tables"),
        png=report(
            results("figures/{langs}/in_language.png"),
            category="Figures",
            labels={"figure": "in-language fine-tuning", "languages": "{langs}"},
            caption="../report/in_language_figure.rst",
        ),
        pdf=results("figures/{langs}/in_language.pdf"),
    log:
        log_of("tables/{langs}/in_language"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("compare_in_language"),
        labels=LABELS,
        source=SOURCE,
    message:
        "Gap to fine-tuning in the language itself: {wildcards.langs}"
    script:
        "../workflow_scripts/compare_in_language.py"
