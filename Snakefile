from snakemake.utils import min_version

min_version("9.25")


# A --configfile stands alone: merging it into config.yaml would leave the demo's models and tasks in it.
if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


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


include: "rules/analysis_outputs.smk"
include: "rules/analysis.smk"


report: "report/workflow.rst"


wildcard_constraints:
    model=one_of(MODELS),
    strategy=one_of([*STRATEGIES, "baseline"]),
    aligner=one_of([*ALIGNERS, "none"]),
    pairs=one_of([PAIRS, "none"]),
    task=one_of(TASKS),
    seed=r"\d+",
    steps=r"\d+",
    lang=one_of(LANGUAGES),
    langs=one_of([*LANGUAGE_SETS, *LANGUAGES]),


rule all:
    default_target: True
    input:
        results(f"tables/{EVALUATE}/scores.csv"),
        diagnostics(EVALUATE),
        analysis(EVALUATE),
