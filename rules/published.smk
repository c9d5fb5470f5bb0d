"""Published per-seed results in place of runs: fetched once, or taken from a local folder, and converted."""

FETCHED = f"resources/published/{CONFIG.published.commit}"

# The user's folder, or the one that the files are fetched into.
PUBLISHED_FOLDER = in_base(CONFIG.published_source) if CONFIG.published_source else FETCHED


rule fetch_published:
    output:
        expand(f"{FETCHED}/{{file}}", file=CONFIG.published.files),
    log:
        log_of("published/fetch"),
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        published=as_params(CONFIG.published, exclude={"models", "tasks"}),
    message:
        "Fetching the published results"
    script:
        "../workflow_scripts/fetch_published.py"


def with_source(
    langs,
):
    """Languages of a table: a set stands beside the source language, a single code alone."""
    return [SOURCE, *languages_of(langs)] if langs in LANGUAGE_SETS else [langs]


rule convert_published:
    input:
        results=expand("{folder}/{file}", folder=PUBLISHED_FOLDER, file=CONFIG.published.files),
    output:
        scores=results("tables/{langs}/scores.csv"),
        records=results("tables/{langs}/run_records.csv"),
    log:
        log_of("tables/{langs}/scores"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("convert_published"),
        experiment=CONFIG.experiment,
        languages=lambda wildcards: with_source(wildcards.langs),
        source=SOURCE,
        checksums=CONFIG.published.files,
    message:
        "Converting the published results: {wildcards.langs}"
    script:
        "../workflow_scripts/convert_published.py"
