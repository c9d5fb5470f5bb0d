"""Strategies by which blocks they freeze: gain and retrieval, and whether gradient conflict tells which to freeze.

Included where `diagnostics.sweeps` is set.
"""

LAYER_FIGURES = {f"layers_{model}_{task}": {"model": model, "task": task} for model, task in ANALYSED}
LAYER_OUTPUTS = [
    *(results(f"tables/{EVALUATE}/{name}.csv") for name in ("layers", "layers_prediction")),
    *(results(f"figures/{EVALUATE}/{name}.{suffix}") for name in LAYER_FIGURES for suffix in ("pdf", "png")),
]
TABLES += LAYER_OUTPUTS[:2]
FIGURES += LAYER_OUTPUTS[2:]


rule layers:
    """Table and figure of strategies by which blocks they freeze, and nothing else."""
    input:
        LAYER_OUTPUTS,


rule tabulate_layers:
    input:
        deltas=results("tables/{langs}/deltas.csv"),
        retrieval=retrieval_files if HAS_GOLD else [],
        conflict=CONFLICT_FILES if CONFIG.diagnostics.conflict else [],
        records=results("tables/{langs}/run_records.csv"),
        facts=LANGUAGE_FACTS,
    output:
        **{
            name: report(
                results(f"tables/{{langs}}/{name}.csv"),
                category="Diagnostics",
                labels={"table": name.replace("_", " "), "languages": "{langs}"},
                caption="../report/layers.rst",
            )
            for name in ("layers", "layers_prediction")
        },
        pdf=[results(f"figures/{{langs}}/{name}.pdf") for name in LAYER_FIGURES],
        figures=report(
            [results(f"figures/{{langs}}/{name}.png") for name in LAYER_FIGURES],
            category="Diagnostics",
            labels={"figure": "layers", "languages": "{langs}"},
            caption="../report/layers.rst",
        ),
    log:
        log_of("tables/{langs}/layers"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("tabulate_layers"),
        labels=LABELS,
        figures=LAYER_FIGURES,
        facts={
            "blocks": {model: size_of(model).blocks for model in MODELS},
            "strategies": {
                name: {
                    "choice": grid.choice_of_blocks(CONFIG, name),
                    "freeze_embeddings": CONFIG.freezes_embeddings(name),
                }
                for name in sorted(STRATEGIES)
            },
        },
    message:
        "Strategies by which blocks they freeze: {wildcards.langs}"
    script:
        "../workflow_scripts/tabulate_layers.py"
