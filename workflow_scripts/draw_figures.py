"""All figures that are made from the scores alone."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write figures/{langs}/*.png and *.pdf."""
    configure_logging(smk.log[0])
    source = smk.params.source
    scores = read_experiment(read_scores(smk.input.scores), source)

    def save(name: str, figure: figures.Figure) -> None:
        figures.save_figure(figure, smk.output[name], smk.output[f"{name}_pdf"])

    save("forest_main", figures.forest_main(scores, source))
    save("seed_strips", figures.seed_strips(scores, source))
    for task in dict.fromkeys(task for _, task in smk.params.by_language):
        save(f"delta_vs_distance_{task}", figures.delta_vs_distance(scores, task, source))
    for model, task in smk.params.by_language:
        for draw in (figures.delta_by_language, figures.heatmap, figures.front_vs_full):
            save(f"{draw.__name__}_{model}_{task}", draw(scores, model, task, source))


if __name__ == "__main__":
    main(snakemake)
