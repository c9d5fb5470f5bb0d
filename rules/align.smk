"""Bitext and word alignments, language by language."""


rule build_bitext:
    input:
        **bitext_inputs(),
        code=code("build_bitext", without=["data/segmentation"] if BITEXT.segmented else []),
    output:
        results("bitext/{lang}.parquet"),
    log:
        log_of("bitext/{lang}"),
    conda:
        "../envs/align.yaml"
    params:
        segmented=BITEXT.segmented,
        source_language=SOURCE,
        sample=BITEXT.sample,
        sampling=BITEXT.sampling,
        seed=BITEXT.sample_seed,
        fit_pairs=None,
    message:
        "Reading the bitext en-{wildcards.lang}"
    script:
        "../workflow_scripts/build_bitext.py"


# A rule of its own, for only FastAlign needs it: to make it again must not touch the bitext that all else is made of.
use rule build_bitext as build_fit_bitext with:
    output:
        temp(results("fit_bitext/{lang}.parquet")),
    log:
        log_of("fit_bitext/{lang}"),
    params:
        segmented=BITEXT.segmented,
        source_language=SOURCE,
        sample=BITEXT.sample,
        sampling=BITEXT.sampling,
        seed=BITEXT.sample_seed,
        fit_pairs=FIT_PAIRS,
    message:
        "Reading what FastAlign is fitted on, en-{wildcards.lang}"


rule align_dictionary:
    input:
        **alignment_inputs("align_dictionary"),
        dictionary=lambda wildcards: for_language(CONFIG.data.dictionary, wildcards.lang),
    output:
        **alignment_outputs("dictionary"),
    log:
        log_of("alignments/dictionary/{lang}"),
    conda:
        "../envs/align.yaml"
    message:
        "Aligning en-{wildcards.lang} with the bilingual dictionary"
    script:
        "../workflow_scripts/align_dictionary.py"


rule align_fastalign:
    input:
        **alignment_inputs("align_fastalign"),
        **({"fit_bitext": results("fit_bitext/{lang}.parquet")} if FIT_PAIRS else {}),
    output:
        **alignment_outputs("fastalign"),
    log:
        log_of("alignments/fastalign/{lang}"),
    conda:
        "../envs/align.yaml"
    threads: 2 if FIT_PAIRS else 1
    params:
        iterations=CONFIG.aligners.fastalign and CONFIG.aligners.fastalign.iterations,
    message:
        "Aligning en-{wildcards.lang} with FastAlign"
    script:
        "../workflow_scripts/align_fastalign.py"


rule align_awesome:
    input:
        **alignment_inputs("align_awesome"),
        model=model_folder(CONFIG.aligners.awesome.model) if CONFIG.aligners.awesome else [],
    output:
        **alignment_outputs("awesome"),
    log:
        log_of("alignments/awesome/{lang}"),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        settings=CONFIG.aligners.awesome and as_params(CONFIG.aligners.awesome, exclude={"model"}),
        device=CONFIG.device,
    message:
        "Aligning en-{wildcards.lang} by the encoder's states"
    script:
        "../workflow_scripts/align_awesome.py"


rule score_aligners:
    input:
        alignments=lambda wildcards: [
            results(f"gold_alignments/{aligner}/{lang}.txt")
            for aligner in ALIGNERS
            for lang in languages_of(wildcards.langs)
        ],
        source=for_language(CONFIG.data.gold.source, SOURCE) if HAS_GOLD else [],
        targets=lambda wildcards: gold_files("target", wildcards.langs),
        links=lambda wildcards: gold_files("links", wildcards.langs),
        code=code("score_aligners"),
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
    params:
        aligners=ALIGNERS,
        languages=lambda wildcards: languages_of(wildcards.langs),
    message:
        "Comparing the aligners with the gold links of: {wildcards.langs}"
    script:
        "../workflow_scripts/score_aligners.py"
