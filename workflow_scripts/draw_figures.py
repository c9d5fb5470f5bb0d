"""All figures that are drawn from the tables of cells, differences and contrasts."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import read_table
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write figures/{langs}/*.png and *.pdf."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    main_table, deltas, contrasts = (read_table(smk.input[name]) for name in ("main", "deltas", "contrasts"))

    def save(name: str, figure: figures.Figure) -> None:
        figures.save_figure(figure, smk.output[name], smk.output[f"{name}_pdf"])

    save("forest_main", figures.forest_main(main_table))
    save("seed_strips", figures.seed_strips(deltas))
    wanted = set(smk.output.keys())  # not those of strategies that the experiment has not
    for task in dict.fromkeys(task for _, task in smk.params.by_language):
        if (name := f"delta_vs_distance_{task}") in wanted:
            save(name, figures.delta_vs_distance(contrasts, task))
    for model, task in smk.params.by_language:
        for draw in (figures.delta_by_language, figures.heatmap, figures.front_vs_full):
            if (name := f"{draw.__name__}_{model}_{task}") in wanted:
                save(name, draw(deltas, model, task))


if __name__ == "__main__":
    main(snakemake)
