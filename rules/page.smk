"""The results as one self-contained HTML page, made from the tables."""

PAGE = results("page/index.html")


# Tables that the page shows: those that the experiment has.
SHOWN = (
    "advice",
    "main",
    "findings",
    "languages",
    "runs",
    "compare",
    "compare_by_language",
    "aligner_quality",
    "retrieval",
)
PAGE_TABLES = {Path(table).stem: table for table in TABLES if table.endswith(".csv") and Path(table).stem in SHOWN}


rule build_page:
    input:
        **PAGE_TABLES,
        scores=results(f"tables/{EVALUATE}/scores.csv"),
        records=[] if PUBLISHED else RECORDS,
        facts=LANGUAGE_FACTS,
    output:
        report(
            PAGE,
            category="Page",
            labels={"page": "all results"},
            caption="../report/page.rst",
        ),
    log:
        log_of("page/index"),
    benchmark:
        results("benchmarks/page.tsv")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=memory.TABLE,
    params:
        code=code("build_page"),
        labels=LABELS,
        source=SOURCE,
        realignment_sets={name: CONFIG.languages_of(name) for name in SCORED_SETS},
    message:
        "Building the page of all results"
    script:
        "../workflow_scripts/build_page.py"
