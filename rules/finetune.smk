"""Fine-tuning on English."""


def start_of(
    wildcards,
):
    """Folder with the encoder that a run fine-tunes: the pretrained one where no realignment goes before."""
    return trajectory(wildcards) if wildcards.strategy in BEFORE else model_folder(wildcards.model)


def rows_of(
    wildcards,
):
    """Encoded word pairs that a run realigns on while it is fine-tuned, if it does."""
    return (
        results("encoded/{model}/{aligner}/{realignment_languages}")
        if wildcards.strategy in STRATEGIES.keys() - BEFORE
        else []
    )


def interleaving_of(
    wildcards,
):
    """Settings of a realignment during fine-tuning, or None."""
    if not rows_of(wildcards):
        return None
    strategy = STRATEGIES[wildcards.strategy]
    return {
        "settings": REALIGNMENT_SETTINGS | {"freeze": strategy["freeze"]},
        "weight": strategy["weight"],
        "languages": languages_of(wildcards.realignment_languages),
    }


rule finetune:
    input:
        start=start_of,
        train=lambda wildcards: for_language(TASKS[wildcards.task]["train"], SOURCE),
        rows=rows_of,
        code=lambda wildcards: code(
            "finetune",
            f"tasks/{wildcards.task}",
            *(["realignment/interleaved"] if rows_of(wildcards) else []),
        ),
    output:
        kept(results(f"finetuned/{TASK_RUN}"), "all", "finetuned"),
    log:
        log_of(f"finetuned/{TASK_RUN}"),
    benchmark:
        results(f"benchmarks/finetuned/{TASK_RUN}.tsv")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        checkpoint=checkpoint_of,
        settings=lambda wildcards: in_order(
            {
                key: value
                for key, value in TASKS[wildcards.task].items()
                if key in ("head_learning_rate", "batch_size", "warmup_ratio", "bucketing")
            }
            | {"epochs": grid.epochs(config, wildcards.task)}
        ),
        learning_rate=lambda wildcards: learning_rate(wildcards.model, TASKS[wildcards.task]),
        encoding=lambda wildcards: encoding(wildcards.task),
        train_items=lambda wildcards: grid.train_items(config, wildcards.task, wildcards.model),
        source=SOURCE,
        max_train_items=lambda wildcards: TASKS[wildcards.task].get("max_train_items"),
        interleaving=interleaving_of,
        training=TRAINING,
        state=state_of(f"finetuned/{TASK_RUN}"),
        resume_every=config.get("resume_every", 500),
    message:
        "Fine-tuning {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/finetune.py"


rule finetuned:
    """Fine-tuned models; they stay under `keep: finetuned` or `all` (or --notemp), and else go after their last use."""
    input:
        [
            results(f"finetuned/{model}/{strategy}/{aligner}/{realignment_languages}/{task}/seed{seed}")
            for model, strategy, aligner, realignment_languages, task, seed in grid.runs(config)
        ],
