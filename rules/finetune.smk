"""Fine-tuning on English."""


rule finetune:
    input:
        start=start_of,
        train=lambda wildcards: for_language(CONFIG.tasks[wildcards.task].train, SOURCE),
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
        settings=lambda wildcards: as_params(CONFIG.finetuning_settings(wildcards.model, wildcards.task)),
        device=CONFIG.device,
        encoding=lambda wildcards: as_params(CONFIG.tasks[wildcards.task].encoding),
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
