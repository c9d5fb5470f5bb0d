"""Realignment: training rows once per aligner, then one trajectory per strategy and seed."""


def part_of(
    wildcards,
):
    """Folder of the part of the bitext that is realigned on."""
    return PARTS[CONFIG.percentile_of(wildcards.realignment_languages)]


rule encode_pairs:
    input:
        model=lambda wildcards: model_folder(wildcards.model),
        checked=trial_of,
        bitext=lambda wildcards: [
            results(f"bitext/{part_of(wildcards)}{lang}.parquet")
            for lang in languages_of(wildcards.realignment_languages)
        ],
        alignments=lambda wildcards: [
            results(f"alignments/{part_of(wildcards)}{wildcards.aligner}/{lang}.txt")
            for lang in languages_of(wildcards.realignment_languages)
            if wildcards.aligner != grid.NONE
        ],
    output:
        directory(results("encoded/{model}/{aligner}/{realignment_languages}")),
    log:
        log_of("encoded/{model}/{aligner}/{realignment_languages}"),
    benchmark:
        results("benchmarks/encoded/{model}/{aligner}/{realignment_languages}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory.TOKENIZER,
    params:
        code=code("encode_pairs"),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        languages=lambda wildcards: languages_of(wildcards.realignment_languages),
        max_length=CONFIG.realignment.max_length,
        objective=lambda wildcards: "sentences" if wildcards.aligner == grid.NONE else "words",
        word=CONFIG.realignment.word,
        max_rows=lambda wildcards: CONFIG.realignment.max_rows.get(wildcards.aligner, {}).get(wildcards.model, {}),
    message:
        "Encoding word pairs of {wildcards.aligner} for {wildcards.model}"
    script:
        "../workflow_scripts/encode_pairs.py"


def trajectory_steps(
    wildcards,
):
    """Step counts at which a trajectory is saved: those that the tasks start from."""
    method = wildcards.strategy, wildcards.aligner, wildcards.realignment_languages
    steps = grid.steps_of(CONFIG, wildcards.model, *method)
    if not steps:
        refuse(f"no task starts from {wildcards.strategy} realignment on word pairs of {wildcards.aligner}")
    return steps


rule realign:
    input:
        model=lambda wildcards: model_folder(wildcards.model),
        rows=encoded_rows,
        blocks=chosen_blocks,
    output:
        kept(results(f"realigned/{REALIGNMENT_RUN}"), "all"),
    log:
        log_of(f"realigned/{REALIGNMENT_RUN}"),
    benchmark:
        results(f"benchmarks/realigned/{REALIGNMENT_RUN}.tsv")
    wildcard_constraints:
        strategy=one_of(grid.trajectory_of(CONFIG, strategy) for strategy in BEFORE),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=realignment_memory,
    params:
        code=code("realign"),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        languages=lambda wildcards: languages_of(wildcards.realignment_languages),
        steps=trajectory_steps,
        settings=lambda wildcards: as_params(CONFIG.realignment_settings(wildcards.model, wildcards.strategy)),
        state=state_of(f"realigned/{REALIGNMENT_RUN}"),
        resume_every=CONFIG.resume_every,
    message:
        "Realigning {wildcards.model} on word pairs of {wildcards.aligner}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/realign.py"


rule realigned:
    """Realigned encoders; they stay under `keep: all` (or --notemp), and else go after their last use."""
    input:
        [
            results(f"realigned/{model}/{strategy}/{aligner}/{realignment_languages}/seed{seed}")
            for model, strategy, aligner, realignment_languages, seed, _ in grid.realignments(CONFIG)
        ],
