"""Diagnostics on gold-linked sentences: aligners against the links, word retrieval by encoders.

Included where `data.gold` is set.
"""

TABLES += [
    results(f"tables/{EVALUATE}/{name}.csv") for name in [*(["aligner_quality"] if ALIGNERS else []), "retrieval"]
]
FIGURES += [results(f"figures/{EVALUATE}/retrieval.png")]


def gold_files(
    part,
):
    """Input function: the gold-linked files of a language set."""
    return lambda wildcards: [
        for_language(getattr(CONFIG.data.gold, part), lang) for lang in languages_of(wildcards.langs)
    ]


def gold_alignments_of(
    wildcards,
):
    """Alignments of the gold-linked sentences, by every aligner."""
    return [
        results(f"gold_alignments/{aligner}/{lang}.txt")
        for aligner in ALIGNERS
        for lang in languages_of(wildcards.langs)
    ]


rule score_aligners:
    input:
        alignments=gold_alignments_of,
        source=for_language(CONFIG.data.gold.source, SOURCE),
        targets=gold_files("target"),
        links=gold_files("links"),
    output:
        report(
            results("tables/{langs}/aligner_quality.csv"),
            category="Diagnostics",
            labels={"table": "aligners against gold links", "languages": "{langs}"},
            caption="../report/aligner_quality.rst",
        ),
    log:
        log_of("tables/{langs}/aligner_quality"),
    conda:
        "../envs/align.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("score_aligners"),
        aligners=ALIGNERS,
        languages=lambda wildcards: languages_of(wildcards.langs),
    message:
        "Comparing the aligners with the gold links of: {wildcards.langs}"
    script:
        "../workflow_scripts/score_aligners.py"


def measured_encoder(
    wildcards,
):
    """Folder with the encoder whose retrieval is measured: the pretrained one, or that of its realignment."""
    is_pretrained = wildcards.strategy == grid.BASELINE
    return model_folder(wildcards.model) if is_pretrained else trajectory(wildcards)


rule retrieve_words:
    input:
        start=measured_encoder,
        source=for_language(CONFIG.data.gold.source, SOURCE),
        targets=gold_files("target"),
        links=gold_files("links"),
    output:
        results(f"retrieval/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.csv"),
    log:
        log_of(f"retrieval/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}"),
    benchmark:
        results(f"benchmarks/retrieval/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=inference_memory,
    params:
        code=code("retrieve_words"),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        checkpoint=lambda wildcards: ("." if wildcards.strategy == grid.BASELINE else f"steps{wildcards.steps}"),
        realignment_languages=scored_as,
        languages=lambda wildcards: languages_of(wildcards.langs),
        max_length=CONFIG.realignment.max_length,
        word=CONFIG.realignment.word,
    message:
        "Word retrieval of {wildcards.model}, strategy {wildcards.strategy}, seed {wildcards.seed}: {wildcards.langs}"
    script:
        "../workflow_scripts/retrieve_words.py"


def retrieval_files(
    wildcards,
):
    """Retrieval by each pretrained encoder and at the end of each realignment."""
    pretrained = [(model, grid.BASELINE, grid.NONE, grid.NONE, CONFIG.seeds[0], 0) for model in MODELS]
    return [
        results(
            f"retrieval/{model}/{strategy}/{aligner}/{realignment_languages}/seed{seed}/steps{steps}/{wildcards.langs}.csv"
        )
        for model, strategy, aligner, realignment_languages, seed, steps in [*pretrained, *grid.realignments(CONFIG)]
    ]


rule summarise_retrieval:
    input:
        retrieval=retrieval_files,
        facts=LANGUAGE_FACTS,
    output:
        table=report(
            results("tables/{langs}/retrieval.csv"),
            category="Diagnostics",
            labels={"table": "word retrieval", "languages": "{langs}"},
            caption="../report/retrieval.rst",
        ),
        png=report(
            results("figures/{langs}/retrieval.png"),
            category="Diagnostics",
            labels={"figure": "word retrieval", "languages": "{langs}"},
            caption="../report/retrieval.rst",
        ),
        pdf=results("figures/{langs}/retrieval.pdf"),
    log:
        log_of("tables/{langs}/retrieval"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("summarise_retrieval"),
        labels=LABELS,
    message:
        "Word retrieval before and after realignment: {wildcards.langs}"
    script:
        "../workflow_scripts/summarise_retrieval.py"
