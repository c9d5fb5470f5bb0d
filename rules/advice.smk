"""Advice for a language without results; an experiment that is too small for it goes without."""

from alignfreeze.analysis.advice_needs import STRATEGIES as ADVISED, what_is_missing

# The published results have both strategies under five seeds.
NO_ADVICE = what_is_missing(
    ADVISED if PUBLISHED else STRATEGIES,
    len(MODELS),
    5 if PUBLISHED else len(CONFIG.seeds),
    len(languages_of(EVALUATE)),
    TASKS,
    len(SCORED_SETS) + len(CONFIG.filtered_bitexts),
)


if not NO_ADVICE:
    TABLES += [
        results(f"tables/{EVALUATE}/{name}.{suffix}") for name in ("advice", "regret") for suffix in ("csv", "tex")
    ]
    FIGURES += [results(f"figures/{EVALUATE}/advice.{suffix}") for suffix in ("pdf", "png")]
elif workflow.is_main_process:
    logger.info(f"advice for new languages is left out: {'; '.join(NO_ADVICE)}")


rule tabulate_advice:
    input:
        scores=SCORES,
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["advice", "regret"], "Advice"),
        png=report(
            results("figures/{langs}/advice.png"),
            category="Advice",
            labels={"figure": "advice", "languages": "{langs}"},
            caption="../report/advice_figure.rst",
        ),
        pdf=results("figures/{langs}/advice.pdf"),
    log:
        log_of("tables/{langs}/advice"),
    benchmark:
        results("benchmarks/tables/{langs}/advice.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("tabulate_advice"),
        labels=LABELS,
        source=SOURCE,
    message:
        "Advice for a language without results: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_advice.py"
