"""Each encoder beside its realigned versions: retrieval and similarity by layer, moved weights by block.

Included where `diagnostics.representation` is set.
"""

COMPARED = dict.fromkeys(grid.realignments(CONFIG))
REPRESENTATION_FIGURES = {
    f"representation_{model}_{aligner}_{languages}": {
        "model": model,
        "aligner": aligner,
        "realignment_languages": languages,
    }
    for model, aligner, languages in dict.fromkeys(
        (run.model, run.aligner, grid.languages_as(CONFIG, run.realignment_languages)) for run in COMPARED
    )
}

TABLES += [results(f"tables/{EVALUATE}/{name}.csv") for name in ("representation", "block_movements")]
FIGURES += [
    results(f"figures/{EVALUATE}/{name}.{suffix}") for name in REPRESENTATION_FIGURES for suffix in ("pdf", "png")
]


rule compare_encoders:
    input:
        before=lambda wildcards: model_folder(wildcards.model),
        after=trajectory,
        source=for_language(CONFIG.data.gold.source, SOURCE),
        targets=gold_files("target"),
        links=gold_files("links"),
    output:
        layers=results(f"diagnostics/layers/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.csv"),
        blocks=results(f"diagnostics/blocks/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.csv"),
    log:
        log_of(f"diagnostics/layers/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}"),
    benchmark:
        results(f"benchmarks/diagnostics/layers/{REALIGNMENT_RUN}/steps{{steps}}/{{langs}}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=lambda wildcards, attempt: 2 * inference_memory(wildcards, attempt),
    params:
        code=code("compare_encoders"),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        realignment_languages=scored_as,
        languages=lambda wildcards: languages_of(wildcards.langs),
        sentences=CONFIG.diagnostics.representation.sentences,
        max_length=CONFIG.realignment.max_length,
        word=CONFIG.realignment.word,
    message:
        "Comparing {wildcards.model} with its realignment, strategy {wildcards.strategy}, seed {wildcards.seed}: {wildcards.langs}"
    script:
        "../workflow_scripts/compare_encoders.py"


def compared(
    part,
):
    """Input function: comparisons of every realignment at its end."""
    return lambda wildcards: [
        results(
            f"diagnostics/{part}/{model}/{strategy}/{aligner}/{realignment_languages}/seed{seed}/steps{steps}/{wildcards.langs}.csv"
        )
        for model, strategy, aligner, realignment_languages, seed, steps in COMPARED
    ]


rule summarise_representation:
    input:
        layers=compared("layers"),
        blocks=compared("blocks"),
        facts=LANGUAGE_FACTS,
    output:
        **{
            name: report(
                results(f"tables/{{langs}}/{name}.csv"),
                category="Diagnostics",
                labels={"table": name.replace("_", " "), "languages": "{langs}"},
                caption="../report/representation.rst",
            )
            for name in ("representation", "block_movements")
        },
        pdf=[results(f"figures/{{langs}}/{name}.pdf") for name in REPRESENTATION_FIGURES],
        figures=report(
            [results(f"figures/{{langs}}/{name}.png") for name in REPRESENTATION_FIGURES],
            category="Diagnostics",
            labels={"figure": "representation", "languages": "{langs}"},
            caption="../report/representation.rst",
        ),
    log:
        log_of("tables/{langs}/representation"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("summarise_representation"),
        labels=LABELS,
        figures=REPRESENTATION_FIGURES,
    message:
        "Encoders beside their realigned versions: {wildcards.langs}"
    script:
        "../workflow_scripts/summarise_representation.py"
