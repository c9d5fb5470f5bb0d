"""Fine-tuning on English."""


rule finetune_udpos:
    input:
        encoder=start_of,
        train=in_base(TASKS.get("udpos", {}).get("train", "")),
        code=code(
            "finetuning",
            "token_classification",
            "subwords",
            "vocabulary",
            "training",
            "treebank",
        ),
    output:
        kept(results(f"finetuned/{TASK_RUN}"), "all", "finetuned"),
    log:
        log_of(f"finetuned/{TASK_RUN}"),
    benchmark:
        results(f"benchmarks/finetuned/{TASK_RUN}.tsv")
    wildcard_constraints:
        task="udpos",
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS,
    params:
        settings=lambda wildcards: in_order(
            {
                key: value
                for key, value in TASKS[wildcards.task].items()
                if key in ("head_learning_rate", "batch_size", "epochs", "warmup_ratio", "bucketing")
            }
        ),
        learning_rate=lambda wildcards: learning_rate(wildcards.model, TASKS[wildcards.task]),
        max_length=lambda wildcards: TASKS[wildcards.task].get("max_length", 96),
        train_items=lambda wildcards: TASKS[wildcards.task].get("train_items"),
        training=TRAINING,
        state=state_of(f"finetuned/{TASK_RUN}"),
        resume_every=config.get("resume_every", 500),
    message:
        "Fine-tuning {wildcards.model} on {wildcards.task}, strategy {wildcards.strategy}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/finetune_udpos.py"
