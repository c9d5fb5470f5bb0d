"""Public sources: each artefact is fetched once, verified against the lock file, and converted to plain files.

Fetching runs where Snakemake runs: the nodes of a cluster often see no network.
"""

from alignfreeze.sources.formats import JSON_LINES, OF_FILES, format_of_ending


rule fetch_treebank:
    output:
        "resources/universal_dependencies/{release}/{treebank}/{file}.conllu",
    log:
        "resources/logs/universal_dependencies/{release}/{treebank}/{file}.log",
    wildcard_constraints:
        release=r"r\d+\.\d+",
        treebank="[^/]+",
        file="[^/]+",
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    message:
        "Fetching {wildcards.file} of {wildcards.treebank}, release {wildcards.release}"
    script:
        "../workflow_scripts/fetch_treebank.py"


rule fetch_dictionary:
    output:
        "resources/muse/{file}.txt",
    log:
        "resources/logs/muse/{file}.log",
    wildcard_constraints:
        file="[^/]+",
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    message:
        "Fetching the MUSE dictionary {wildcards.file}"
    script:
        "../workflow_scripts/fetch_dictionary.py"


rule fetch_file:
    output:
        "resources/files/{scheme}/{address}.{ending}",
    log:
        "resources/logs/files/{scheme}/{address}.{ending}.log",
    wildcard_constraints:
        scheme="https?",
        ending=one_of({*OF_FILES.values(), JSON_LINES}),
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    message:
        "Fetching {wildcards.scheme}://{wildcards.address}"
    script:
        "../workflow_scripts/fetch_file.py"


rule fetch_dataset:
    output:
        directory("resources/datasets/{dataset}/{subset}/{split}"),
    log:
        "resources/logs/datasets/{dataset}/{subset}/{split}.log",
    wildcard_constraints:
        dataset=one_of(DATASETS),
        subset="[^/]+",
        split="[^/.]+",
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        revision=lambda wildcards: DATASETS[wildcards.dataset],
    message:
        "Fetching the dataset {wildcards.dataset}, {wildcards.subset}, {wildcards.split}"
    script:
        "../workflow_scripts/fetch_dataset.py"


rule convert_dataset:
    input:
        rows="resources/datasets/{dataset}/{subset}/{split}",
    output:
        "resources/datasets/{dataset}/{subset}/{split}.{ending}",
    log:
        "resources/logs/datasets/{dataset}/{subset}/{split}.{ending}.log",
    benchmark:
        "resources/benchmarks/datasets/{dataset}/{subset}/{split}.{ending}.tsv"
    wildcard_constraints:
        dataset=one_of(DATASETS),
        subset="[^/]+",
        split="[^/.]+",
        ending=rf"tags|bio|sentences\.tsv|nli\.tsv|squad\.json|{LANGUAGE}\.txt",
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        code=code("convert_dataset"),
        columns=lambda wildcards: ROWS[wildcards.dataset, format_of_ending(wildcards.ending)]["columns"],
        labels=lambda wildcards: ROWS[wildcards.dataset, format_of_ending(wildcards.ending)]["labels"],
    message:
        "Converting {wildcards.dataset}, {wildcards.subset}, {wildcards.split} to {wildcards.ending}"
    script:
        "../workflow_scripts/convert_dataset.py"


rule fetch_model:
    output:
        directory("resources/models/hub/{name}"),
    log:
        "resources/logs/models/hub/{name}.log",
    wildcard_constraints:
        name=one_of(HUB_MODELS),
    priority: 100  # as check_encoder, which waits for it
    localrule: True
    conda:
        "../envs/fetch.yaml"
    resources:
        mem_mb=memory.TEXT,
    params:
        revision=lambda wildcards: HUB_MODELS[wildcards.name],
    message:
        "Fetching the model {wildcards.name} from the Hugging Face hub"
    script:
        "../workflow_scripts/fetch_model.py"
