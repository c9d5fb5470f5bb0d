"""Bitext and word alignments, language by language."""


def bitext_files(
    wildcards,
):
    """Text files of a bitext: one with both sides, or one for each."""
    files = {"source": BITEXT.pairs} if BITEXT.pairs else BITEXT.sides
    return {side: for_language(entry, wildcards.lang) for side, entry in files.items()}


UNFILTERED = "unfiltered_bitext" if FILTER and not FILTER.side_by_side else "bitext"


rule build_bitext:
    input:
        unpack(bitext_files),
    output:
        results(f"{UNFILTERED}/{{lang}}.parquet"),
    log:
        log_of("bitext/{lang}"),
    benchmark:
        results("benchmarks/bitext/{lang}.tsv")
    conda:
        "../envs/align.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("build_bitext", without=["data/segmentation"] if BITEXT.segmented else []),
        segmented=BITEXT.segmented,
        source_language=SOURCE,
        sample=BITEXT.sample,
        sampling=BITEXT.sampling,
        seed=BITEXT.sample_seed,
    message:
        f"Reading the bitext {SOURCE}-{{wildcards.lang}}"
    script:
        "../workflow_scripts/build_bitext.py"


# Where there are gold-linked sentences, every aligner aligns them beside the bitext, in the same job: an encoder that is
# loaded and a FastAlign that is fitted serve both.
GOLD_SENTENCES = {}
if HAS_GOLD:
    GOLD_SENTENCES["gold_source"] = for_language(CONFIG.data.gold.source, SOURCE)
    GOLD_SENTENCES["gold_target"] = lambda wildcards: for_language(CONFIG.data.gold.target, wildcards.lang)


def gold_alignments(
    aligner,
):
    """Alignments of the gold-linked sentences, a second output of an aligner's rule."""
    return {"gold": results(f"gold_alignments/{{part}}{aligner}/{{lang}}.txt")} if HAS_GOLD else {}


rule align_dictionary:
    input:
        **GOLD_SENTENCES,
        bitext=results("bitext/{part}{lang}.parquet"),
        dictionary=lambda wildcards: for_language(CONFIG.data.dictionary, wildcards.lang),
    output:
        **gold_alignments("dictionary"),
        alignments=results("alignments/{part}dictionary/{lang}.txt"),
    log:
        log_of("alignments/{part}dictionary/{lang}"),
    benchmark:
        results("benchmarks/alignments/{part}dictionary/{lang}.tsv")
    conda:
        "../envs/align.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("align_dictionary"),
        matching=lambda wildcards: CONFIG.aligners.dictionary.matching,
        order=CONFIG.data.dictionary_order,
    message:
        f"Aligning {SOURCE}-{{wildcards.lang}} {{wildcards.part}} with the bilingual dictionary"
    script:
        "../workflow_scripts/align_dictionary.py"


def fastalign_memory(
    wildcards,
    attempt,
):
    """Main memory (MB) of FastAlign, by the number of sentence pairs that it is fitted on."""
    return attempt * memory.fastalign_megabytes(FIT_PAIRS or BITEXT.sample)


rule align_fastalign:
    input:
        **GOLD_SENTENCES,
        bitext=results("bitext/{part}{lang}.parquet"),
        fit_bitext=results("fit_bitext/{lang}.parquet" if FIT_PAIRS else "bitext/{part}{lang}.parquet"),
    output:
        **gold_alignments("fastalign"),
        alignments=results("alignments/{part}fastalign/{lang}.txt"),
    log:
        log_of("alignments/{part}fastalign/{lang}"),
    benchmark:
        results("benchmarks/alignments/{part}fastalign/{lang}.tsv")
    conda:
        "../envs/align.yaml"
    threads: 2 if FIT_PAIRS else 1
    resources:
        mem_mb=fastalign_memory,
    params:
        code=code("align_fastalign"),
        iterations=lambda wildcards: CONFIG.aligners.fastalign.iterations,
        lowercase=lambda wildcards: CONFIG.aligners.fastalign.lowercase,
    message:
        f"Aligning {SOURCE}-{{wildcards.lang}} {{wildcards.part}} with FastAlign"
    script:
        "../workflow_scripts/align_fastalign.py"


rule align_awesome:
    input:
        **GOLD_SENTENCES,
        bitext=results("bitext/{part}{lang}.parquet"),
        model=lambda wildcards: model_folder(CONFIG.aligners.awesome.model),
    output:
        **gold_alignments("awesome"),
        alignments=results("alignments/{part}awesome/{lang}.txt"),
    log:
        log_of("alignments/{part}awesome/{lang}"),
    benchmark:
        results("benchmarks/alignments/{part}awesome/{lang}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=inference_memory,
    params:
        code=code("align_awesome"),
        own_checkpoint=lambda wildcards: own_checkpoint(CONFIG.aligners.awesome.model),
        settings=lambda wildcards: as_params(CONFIG.aligners.awesome, exclude={"model"}),
    message:
        f"Aligning {SOURCE}-{{wildcards.lang}} {{wildcards.part}} by the encoder's states"
    script:
        "../workflow_scripts/align_awesome.py"


rule alignments:
    """Word alignments of the bitext, by every aligner."""
    input:
        [
            results(f"alignments/{part}{aligner}/{lang}.txt")
            for aligner in ALIGNERS
            for part in PARTS.values()
            for lang in CONFIG.realignment_languages
        ],
