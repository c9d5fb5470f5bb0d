"""Names, captions and places of everything that the analysis makes; no rules here."""

ANALYSED = [(model, task) for model in MODELS for task in TASKS]

SCORES = results("tables/{langs}/scores.csv")
CELL_TABLES = ["main", "front_vs_full", "counts", "source_vs_target", "best_worst", "noise"]
LANGUAGE_FIGURES = {
    "delta_by_language": "delta_by_language",
    "heatmap": "heatmap",
}
# Figures that compare these strategies leave themselves out where an experiment has others.
HAS_FULL, HAS_FRONT = (PUBLISHED or name in STRATEGIES for name in ("full", "front"))
if HAS_FULL and HAS_FRONT:
    LANGUAGE_FIGURES["front_vs_full"] = "front_vs_full_figure"
DISTANCE_FIGURES = [f"delta_vs_distance_{task}" for task in TASKS if HAS_FULL or HAS_FRONT]
CELL_FIGURES = ["forest_main", "seed_strips"]


def analysis_tables(langs):
    """Every table of a language set that the analysis makes."""
    names = [*CELL_TABLES, "languages", "correlations", "generalisation", "runs"]
    names += [f"per_language_{model}_{task}" for model, task in ANALYSED]
    return [
        *(results(f"tables/{langs}/{name}.{suffix}") for name in names for suffix in ("csv", "tex")),
        *(results(f"regression/{langs}/regression.{suffix}") for suffix in ("csv", "tex")),
        *(results(f"tables/{langs}/{name}.csv") for name in ("findings", "deltas", "contrasts")),
    ]


def analysis_figures(langs):
    """Every figure of a language set that the analysis makes."""
    names = [f"{name}_{model}_{task}" for name in LANGUAGE_FIGURES for model, task in ANALYSED]
    names += [*DISTANCE_FIGURES, *CELL_FIGURES, "generalisation"]
    return [results(f"figures/{langs}/{name}.{suffix}") for name in names for suffix in ("pdf", "png")]


TABLES += analysis_tables(EVALUATE)
FIGURES += analysis_figures(EVALUATE)


def table_caption(name):
    """Description of a table, which its LaTeX has, too."""
    return f"../alignfreeze/analysis/captions/{name}.rst"


def tidy_output(name):
    """A table that figures are drawn from: CSV only."""
    labels = {"table": name, "languages": "{langs}"}
    return report(
        results(f"tables/{{langs}}/{name}.csv"), category="Tables", labels=labels, caption=table_caption(name)
    )


def table_outputs(names, category, folder="tables"):
    """CSV (in the report) and LaTeX of some tables, as named outputs."""
    outputs = {}
    for name in names:
        path = results(f"{folder}/{{langs}}/{name}")
        labels = {"table": name.replace("_", " "), "languages": "{langs}"}
        outputs[name] = report(f"{path}.csv", category=category, labels=labels, caption=table_caption(name))
        outputs[f"{name}_tex"] = f"{path}.tex"
    return outputs


def language_table_outputs():
    """The tables by language of every model and task."""
    outputs = {}
    for model, task in ANALYSED:
        name = f"per_language_{model}_{task}"
        path = results(f"tables/{{langs}}/{name}")
        labels = {"table": "by language", "model": model, "task": task, "languages": "{langs}"}
        outputs[name] = report(
            f"{path}.csv", category="Tables by language", labels=labels, caption=table_caption("per_language")
        )
        outputs[f"{name}_tex"] = f"{path}.tex"
    return outputs


def figure_outputs():
    """PNG (in the report) and PDF of the figures, as named outputs."""
    figures = {
        name: (name, "Figures", {"figure": name.replace("_", " "), "languages": "{langs}"}) for name in CELL_FIGURES
    }
    for name in DISTANCE_FIGURES:
        task = name.removeprefix("delta_vs_distance_")
        labels = {"figure": "Δ and distance", "task": task, "languages": "{langs}"}
        figures[name] = ("delta_vs_distance", "Figures", labels)
    for model, task in ANALYSED:
        for name, caption in LANGUAGE_FIGURES.items():
            labels = {"figure": name.replace("_", " "), "model": model, "task": task, "languages": "{langs}"}
            figures[f"{name}_{model}_{task}"] = (caption, "Figures by language", labels)
    outputs = {}
    for name, (caption, category, labels) in figures.items():
        path = results(f"figures/{{langs}}/{name}")
        outputs[name] = report(f"{path}.png", category=category, labels=labels, caption=f"../report/{caption}.rst")
        outputs[f"{name}_pdf"] = f"{path}.pdf"
    return outputs
