"""Every LaTeX table of the published results in a document with two columns."""

from analysis_support import PUBLISHED, needs_published
from latex_document import needs_latex, overfull

from alignfreeze.analysis import latex, tables
from alignfreeze.analysis.advice_data import read_results
from alignfreeze.analysis.advice_evaluation import advice_table, outcomes_table, regret_table
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.generalisation import generalisation_table
from alignfreeze.analysis.published import published_files, published_scores
from alignfreeze.analysis.regression import regression_table
from alignfreeze.languages.uriel import language_table


@needs_published
@needs_latex
def test_every_table_fits_two_columns(tmp_path):
    scores = published_scores(published_files(PUBLISHED))
    results = read_results(scores)
    made = {
        "main": tables.main_table(scores),
        "front_vs_full": tables.front_vs_full_table(scores),
        "counts": tables.counts_table(scores),
        "source_vs_target": tables.source_vs_target_table(scores),
        "best_worst": tables.best_worst_table(scores),
        "noise": tables.noise_table(scores),
        "correlations": correlations_table(scores),
        "regression": regression_table(scores),
        "generalisation": generalisation_table(scores, splits=["languages"], regressors=["ols"]),
        "compare": compare_table(scores, scores),
        "compare_by_language": compare_table(scores, scores, by_language=True),
        "languages": language_table("en"),
        "advice": advice_table(results),
        "regret": regret_table(outcomes_table(results, feature_sets=["A"])),
    }
    # What LaTeX is written of; a new table has to be compiled here, too.
    of_other_runs = {"runs", "realignment_languages", "filter_percentiles", "in_language"}
    assert made.keys() == (latex.COLUMNS.keys() | latex.RESHAPED.keys()) - of_other_runs
    texts = {name: latex.latex_table(name, table) for name, table in made.items()}
    for model in ("distilmbert", "mbert", "xlmr"):
        for task in ("udpos", "wikiann", "xnli", "xquad"):
            own = scores[(scores["model"] == model) & (scores["task"] == task)]
            by_language = tables.per_language_table(own, model, task)
            texts[f"per_language_{model}_{task}"] = latex.per_language_latex(by_language, model, task)
    assert [found for found in overfull(tmp_path, texts) if found[1] > 1] == []
