from snakemake.utils import min_version

min_version("9.25")


include: "rules/common.smk"


if PUBLISHED:

    include: "rules/published.smk"

else:

    include: "rules/sources.smk"
    include: "rules/models.smk"
    include: "rules/align.smk"
    include: "rules/realign.smk"
    include: "rules/finetune.smk"
    include: "rules/evaluate.smk"
    include: "rules/in_language.smk"
    include: "rules/records.smk"


if FIT_PAIRS:

    include: "rules/fit_bitext.smk"


if not PUBLISHED and FILTER:

    include: "rules/filter.smk"


if HAS_GOLD:

    include: "rules/gold.smk"


include: "rules/analysis_outputs.smk"
include: "rules/analysis.smk"
include: "rules/advice.smk"


if not PUBLISHED and CONFIG.diagnostics.conflict:

    include: "rules/diagnostics.smk"


if not PUBLISHED and CONFIG.diagnostics.representation:

    include: "rules/representation.smk"


if not PUBLISHED and CONFIG.diagnostics.sweeps:

    include: "rules/layers.smk"


if len(SCORED_SETS) > 1:

    include: "rules/realignment_languages.smk"


if CONFIG.filtered_bitexts:

    include: "rules/filter_percentiles.smk"


if CONFIG.is_trained_in_language if PUBLISHED else in_language_runs(EVALUATE):

    include: "rules/in_language_gap.smk"


if CONFIG.compare_with:

    include: "rules/compare.smk"


include: "rules/page.smk"


report: "report/workflow.rst"


onstart:
    check_disk(workflow.dag.needrun_jobs())
    show_progress(workflow.dag.needrun_jobs())


onsuccess:
    hide_progress()


onerror:
    hide_progress()


wildcard_constraints:
    model=one_of(MODELS),
    strategy=one_of([*STRATEGIES, grid.BASELINE]),
    aligner=one_of([*ALIGNERS, grid.NONE]),
    realignment_languages=one_of([*REALIGNED_ON, grid.NONE]),
    part=one_part(PARTS.values()),
    task=one_of(TASKS),
    seed=r"\d+",
    steps=r"\d+",
    lang=LANGUAGE,
    langs=rf"{one_of(LANGUAGE_SETS)}|{LANGUAGE}",


# Targets by name for the evaluated languages; `alignments`, `realigned` and `finetuned` end the files of their stages.
# The report is none of them: Snakemake writes it of a run that is over, and refuses while a run holds the working
# directory. See make report, or add --report FILE --report-after-run.
rule all:
    """Scores, tables, figures and the page."""
    default_target: True
    input:
        results(f"tables/{EVALUATE}/scores.csv"),
        TABLES,
        FIGURES,
        PAGE,


rule scores:
    """One table with the scores of every run."""
    input:
        results(f"tables/{EVALUATE}/scores.csv"),


rule tables:
    """Tables and regressions."""
    input:
        TABLES,


rule figures:
    """Figures."""
    input:
        FIGURES,


rule page:
    """All results as one HTML page."""
    input:
        PAGE,
