"""Fine-tuning on the source language."""


def start_of(
    wildcards,
):
    """Folder with the encoder that a run fine-tunes: the pretrained one where no realignment goes before."""
    return trajectory(wildcards) if wildcards.strategy in BEFORE else model_folder(wildcards.model)


def rows_of(
    wildcards,
):
    """Encoded word pairs that a run realigns on while it is fine-tuned, if it does."""
    return encoded_rows(wildcards) if wildcards.strategy in DURING else []


def interleaving_of(
    wildcards,
):
    """Settings of a realignment during fine-tuning, or None."""
    if not rows_of(wildcards):
        return None
    settings = CONFIG.realignment_settings(wildcards.model, wildcards.strategy)
    return {
        # The others are fine-tuning's own.
        "settings": as_params(settings, exclude={"learning_rate", "precision", "trim_vocabulary"}),
        "weight": STRATEGIES[wildcards.strategy].weight,
        "languages": languages_of(wildcards.realignment_languages),
    }


rule finetune:
    input:
        start=start_of,
        train=lambda wildcards: for_language(CONFIG.tasks[wildcards.task].train, SOURCE),
        rows=rows_of,
        checked=trial_of,
        blocks=lambda wildcards: chosen_blocks(wildcards) if rows_of(wildcards) else [],
    output:
        kept(results(f"finetuned/{TASK_RUN}"), "all", "finetuned"),
    log:
        log_of(f"finetuned/{TASK_RUN}"),
    benchmark:
        results(f"benchmarks/finetuned/{TASK_RUN}.tsv")
    wildcard_constraints:
        strategy=one_of([grid.BASELINE, *(name for name in STRATEGIES if name not in AFTER)]),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=finetuning_memory,
    params:
        code=lambda wildcards: code_of_task(
            "finetune",
            wildcards.task,
            *(["realignment/interleaved"] if rows_of(wildcards) else []),
            without=SCORING,
        ),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        checkpoint=checkpoint_of,
        settings=lambda wildcards: as_params(CONFIG.finetuning_settings(wildcards.model, wildcards.task)),
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: CONFIG.tasks[wildcards.task].encoding.for_training(),
        train_items=lambda wildcards: CONFIG.tasks[wildcards.task].items_of(wildcards.model),
        source=SOURCE,
        max_train_items=lambda wildcards: CONFIG.tasks[wildcards.task].max_train_items,
        interleaving=interleaving_of,
        state=state_of(f"finetuned/{TASK_RUN}"),
        resume_every=CONFIG.resume_every,
    message:
        "Fine-tuning {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/finetune.py"


def finetuned_before(
    wildcards,
):
    """The fine-tuned baseline whose encoder is realigned afterwards."""
    named = {**wildcards, "strategy": grid.BASELINE, "aligner": grid.NONE, "realignment_languages": grid.NONE}
    return results(f"finetuned/{TASK_RUN.format(**named)}")


rule realign_finetuned:
    input:
        finetuned=finetuned_before,
        rows=encoded_rows,
        blocks=chosen_blocks,
    output:
        kept(results(f"finetuned/{TASK_RUN}"), "all", "finetuned"),
    log:
        log_of(f"finetuned/{TASK_RUN}"),
    benchmark:
        results(f"benchmarks/finetuned/{TASK_RUN}.tsv")
    wildcard_constraints:
        strategy=one_of(AFTER),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
        mem_mb=realignment_memory,
    params:
        code=lambda wildcards: code_of_task("realign_finetuned", wildcards.task, without=SCORING),
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: CONFIG.tasks[wildcards.task].encoding.for_training(),
        languages=lambda wildcards: languages_of(wildcards.realignment_languages),
        steps=lambda wildcards: [grid.realignment_steps(CONFIG, wildcards.task, wildcards.model)],
        settings=lambda wildcards: as_params(CONFIG.realignment_settings(wildcards.model, wildcards.strategy)),
        state=state_of(f"finetuned/{TASK_RUN}"),
        resume_every=CONFIG.resume_every,
    message:
        "Realigning {wildcards.model} fine-tuned on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/realign_finetuned.py"


rule finetuned:
    """Fine-tuned models; they stay under `keep: finetuned` or `all` (or --notemp), and else go after their last use."""
    input:
        [
            results(f"finetuned/{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}")
            for model, strategy, aligner, realignment_languages, task, seed in grid.runs(CONFIG)
        ],
