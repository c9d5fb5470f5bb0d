"""Fine-tuning in each evaluated language itself, an upper bound: the jobs of tasks with `train_in_language`."""

from alignfreeze.analysis.names import IN_LANGUAGE

IN_LANGUAGE_RUN = "in_language/{model}/{task}/seed{seed}/{lang}"


def in_language_runs(
    langs,
):
    """Runs in the languages of a set, or in a single one, that have training data of their own."""
    return [
        IN_LANGUAGE_RUN.format(model=model, task=task, seed=seed, lang=lang)
        for task in TASKS
        for lang in CONFIG.trained_in_language(task, langs, lambda path: Path(in_base(path)).is_file())
        for model in MODELS
        for seed in CONFIG.seeds
    ]


# The same jobs as those of the grid, on another language's data; no realignment goes before or meanwhile.
use rule finetune as finetune_in_language with:
    input:
        start=lambda wildcards: model_folder(wildcards.model),
        train=lambda wildcards: for_language(CONFIG.tasks[wildcards.task].train_in_language, wildcards.lang),
        rows=[],
        checked=trial_of,
        blocks=[],
    output:
        kept(results(f"finetuned_{IN_LANGUAGE_RUN}"), "all", "finetuned"),
    log:
        log_of(f"finetuned_{IN_LANGUAGE_RUN}"),
    benchmark:
        results(f"benchmarks/finetuned_{IN_LANGUAGE_RUN}.tsv")
    params:
        code=lambda wildcards: code_of_task("finetune", wildcards.task, without=SCORING),
        own_checkpoint=lambda wildcards: own_checkpoint(wildcards.model),
        checkpoint=".",
        settings=lambda wildcards: as_params(CONFIG.finetuning_settings(wildcards.model, wildcards.task)),
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: CONFIG.tasks[wildcards.task].encoding.for_training(),
        train_items=None,
        source=lambda wildcards: wildcards.lang,
        max_train_items=lambda wildcards: CONFIG.tasks[wildcards.task].max_train_items,
        interleaving=None,
        state=state_of(f"finetuned_{IN_LANGUAGE_RUN}"),
        resume_every=CONFIG.resume_every,
    message:
        "Fine-tuning {wildcards.model} on {wildcards.task} in {wildcards.lang} itself, seed {wildcards.seed}"


use rule evaluate as evaluate_in_language with:
    input:
        model=results(f"finetuned_{IN_LANGUAGE_RUN}"),
        tests=lambda wildcards: [test_file(wildcards.task, wildcards.lang)],
    output:
        results(f"scores_{IN_LANGUAGE_RUN}.csv"),
    log:
        log_of(f"scores_{IN_LANGUAGE_RUN}"),
    benchmark:
        results(f"benchmarks/scores_{IN_LANGUAGE_RUN}.tsv")
    params:
        code=lambda wildcards: code_of_task("evaluate", wildcards.task),
        experiment=CONFIG.experiment,
        strategy=IN_LANGUAGE,
        aligner=grid.NONE,
        realignment_languages=grid.NONE,
        source=SOURCE,
        languages=lambda wildcards: [wildcards.lang],
        kind=lambda wildcards: CONFIG.tasks[wildcards.task].kind,
        encoding=lambda wildcards: as_params(CONFIG.tasks[wildcards.task].encoding),
        max_test_items=lambda wildcards: CONFIG.tasks[wildcards.task].max_test_items,
    message:
        "Evaluating {wildcards.model} on {wildcards.task}, fine-tuned in {wildcards.lang} itself, seed {wildcards.seed}"
