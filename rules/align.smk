"""Bitext and word alignments, language by language."""


rule build_bitext:
    input:
        source=in_base(DATA.get("bitext", {}).get("source", "")),
        target=lambda wildcards: for_language(DATA["bitext"]["target"], wildcards.lang),
        code=code("bitext"),
    output:
        results("bitext/{lang}.parquet"),
    log:
        log_of("bitext/{lang}"),
    conda:
        "../envs/align.yaml"
    params:
        sample=DATA.get("bitext", {}).get("sample"),
        seed=DATA.get("bitext", {}).get("sample_seed", 0),
    message:
        "Reading the bitext en-{wildcards.lang}"
    script:
        "../workflow_scripts/build_bitext.py"


rule align_dictionary:
    input:
        **alignment_inputs("aligners/dictionary"),
        dictionary=lambda wildcards: for_language(DATA["dictionary"], wildcards.lang),
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
        **alignment_inputs("aligners/fastalign"),
    output:
        **alignment_outputs("fastalign"),
    log:
        log_of("alignments/fastalign/{lang}"),
    conda:
        "../envs/align.yaml"
    params:
        iterations=ALIGNERS.get("fastalign", {}).get("iterations", 5),
    message:
        "Aligning en-{wildcards.lang} with FastAlign"
    script:
        "../workflow_scripts/align_fastalign.py"


rule align_awesome:
    input:
        **alignment_inputs("aligners/awesome", "subwords", "encoders"),
        model=(model_folder(ALIGNERS["awesome"]["model"]) if "awesome" in ALIGNERS else []),
    output:
        **alignment_outputs("awesome"),
    log:
        log_of("alignments/awesome/{lang}"),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        settings=in_order({key: value for key, value in ALIGNERS.get("awesome", {}).items() if key != "model"}),
        device=TRAINING["device"],
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
        source=in_base(DATA.get("gold", {}).get("source", "")),
        targets=lambda wildcards: gold_files("target", wildcards.langs),
        links=lambda wildcards: gold_files("links", wildcards.langs),
        code=code("alignment_quality"),
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
        aligners=list(ALIGNERS),
        languages=lambda wildcards: languages_of(wildcards.langs),
    message:
        "Comparing the aligners with the gold links of: {wildcards.langs}"
    script:
        "../workflow_scripts/score_aligners.py"
