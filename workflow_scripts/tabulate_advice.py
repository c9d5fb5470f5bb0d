"""Advice for languages without results, how good it is, and expected against seen gains."""

from typing import Any

from alignfreeze.analysis.advice_data import read_results
from alignfreeze.analysis.advice_evaluation import advice_table, outcomes_table, regret_table
from alignfreeze.analysis.advice_figure import draw_advice
from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/advice.csv, tables/{langs}/regret.csv and figures/{langs}/advice.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    results = read_results(read_scores(smk.input.scores), smk.params.source)
    advice = advice_table(results)
    for table, path in (
        (advice, smk.output.advice),
        (regret_table(outcomes_table(results)), smk.output.regret),
    ):
        with atomic_file(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
    save_figure(draw_advice(advice), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
