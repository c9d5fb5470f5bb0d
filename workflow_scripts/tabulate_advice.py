"""Advice for languages without results, how good it is, and expected against seen gains."""

from typing import Any

from alignfreeze.analysis.advice_data import read_results
from alignfreeze.analysis.advice_evaluation import advice_table, outcomes_table, regret_table
from alignfreeze.analysis.advice_figure import draw_advice
from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/advice.*, tables/{langs}/regret.* and figures/{langs}/advice.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    results = read_results(read_scores(smk.input.scores), smk.params.source)
    advice = advice_table(results)
    write_table("advice", advice, smk.output.advice, smk.output.advice_tex)
    write_table("regret", regret_table(outcomes_table(results)), smk.output.regret, smk.output.regret_tex)
    save_figure(draw_advice(advice), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
