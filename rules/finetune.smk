"""Fine-tuning on English."""


rule finetune:
    input:
        start=start_of,
        train=lambda wildcards: for_language(TASKS[wildcards.task]["train"], SOURCE),
        pairs=pairs_of,
        code=lambda wildcards: code(
            "finetune",
            f"tasks/{wildcards.task}",
            *(["realignment/interleaved"] if pairs_of(wildcards) else []),
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
