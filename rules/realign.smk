"""Realignment: training rows once per aligner, then one trajectory per strategy and seed."""


rule encode_pairs:
    input:
        model=lambda wildcards: model_folder(wildcards.model),
        bitext=lambda wildcards: [results(f"bitext/{lang}.parquet") for lang in languages_of(wildcards.pairs)],
        alignments=lambda wildcards: [
            results(f"alignments/{wildcards.aligner}/{lang}.txt") for lang in languages_of(wildcards.pairs)
        ],
        code=code("encode_pairs"),
    output:
        directory(results("encoded/{model}/{aligner}/{pairs}")),
    log:
        log_of("encoded/{model}/{aligner}/{pairs}"),
    conda:
        "../envs/torch.yaml"
    params:
        languages=lambda wildcards: languages_of(wildcards.pairs),
        max_length=REALIGNMENT.get("max_length", configuration.MAX_LENGTH),
    message:
        "Encoding word pairs of {wildcards.aligner} for {wildcards.model}"
    script:
        "../workflow_scripts/encode_pairs.py"


# One rule per model, strategy and aligner, for the step counts that are saved depend on all three.
for model, strategy, aligner in dict.fromkeys(run[:3] for run in grid.realignments(config)):

    rule:
        name:
            f"realign_{model}_{strategy}_{aligner}"
        input:
            model=model_folder(model),
            rows=results(f"encoded/{model}/{aligner}/{{pairs}}"),
            code=code("realign"),
        output:
            [
                kept(
                    results(f"realigned/{model}/{strategy}/{aligner}/{{pairs}}/seed{{seed}}/steps{n}"),
                    "all",
                )
                for n in grid.steps_of(config, model, strategy, aligner)
            ],
        log:
            log_of(f"realigned/{model}/{strategy}/{aligner}/{{pairs}}/seed{{seed}}"),
        benchmark:
            results(f"benchmarks/realigned/{model}/{strategy}/{aligner}/{{pairs}}/seed{{seed}}.tsv")
        conda:
            "../envs/torch.yaml"
        resources:
            gpu=GPUS,
        params:
            languages=lambda wildcards: languages_of(wildcards.pairs),
            steps=grid.steps_of(config, model, strategy, aligner),
            settings=REALIGNMENT_SETTINGS,
            freeze=STRATEGIES[strategy]["freeze"],
            learning_rate=learning_rate(model, REALIGNMENT),
            training=TRAINING,
            state=state_of(f"realigned/{model}/{strategy}/{aligner}/{{pairs}}/seed{{seed}}"),
            resume_every=config.get("resume_every", 500),
        message:
            f"Realigning {model} on word pairs of {aligner}, strategy {strategy}, seed {{wildcards.seed}}"
        script:
            "../workflow_scripts/realign.py"
