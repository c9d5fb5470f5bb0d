"""Our scores beside those of another table, such as the published one; included where `compare_with` is set."""

TABLES += [
    results(f"tables/{EVALUATE}/{name}.{suffix}")
    for name in ("compare", "compare_by_language")
    for suffix in ("csv", "tex")
]


rule compare:
    input:
        ours=SCORES,
        other=in_base(CONFIG.compare_with),
        facts=LANGUAGE_FACTS,
    output:
        **table_outputs(["compare", "compare_by_language"], "Beside the published results"),
    log:
        log_of("tables/{langs}/compare"),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("compare"),
        labels=LABELS,
        source=SOURCE,
    message:
        "Comparing with {input.other}: {wildcards.langs}"
    script:
        "../workflow_scripts/compare.py"
