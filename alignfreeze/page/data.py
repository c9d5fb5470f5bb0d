"""What the page shows, as tidy tables: gathered from the tables of an experiment, nothing computed a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from alignfreeze.analysis.cells import Experiment, language_average, read_experiment
from alignfreeze.analysis.names import BASELINE, ordered, title
from alignfreeze.analysis.scores import read_scores
from alignfreeze.data.table import read_own_table
from alignfreeze.data.text import read_json
from alignfreeze.languages.uriel import DISTANCES, coordinates
from alignfreeze.support.errors import REMAKE, InputError, damaged

# Tables that an experiment may lack: those of runs that it did not make, or of gold links that it has not.
OPTIONAL = ("retrieval", "aligner_quality", "runs", "compare", "compare_by_language", "advice")
TABLES = ("main", "findings", "languages")


@dataclass(frozen=True)
class PageData:
    """Everything that the page is made from.

    Attributes
    ----------
    experiment : str
    source : str
        Code of the source language.
    main, findings, languages : pandas.DataFrame
        The tables of these names; languages with latitude and longitude (degrees).
    cells : pandas.DataFrame
        A row for each model, task, metric, aligner, strategy, realignment language set and target language: mean and
        std (ddof = 1) over seeds, the difference to the baseline paired by seed with its std, in points, and the
        number of seeds.
    seeds : pandas.DataFrame
        The same cells by seed: the language average and its difference to the baseline.
    curves : pandas.DataFrame
        Training curves: stage, run, step, loss; empty where there are no run records.
    others : dict of str to pandas.DataFrame
        The optional tables at hand.
    compared_with : str
        Name of the other experiment of the comparison, empty if there is none.
    realignment_sets : dict of str to list of str
        Languages of each set whose bitext was used, as far as they are known.
    """

    experiment: str
    source: str
    main: pd.DataFrame
    findings: pd.DataFrame
    languages: pd.DataFrame
    cells: pd.DataFrame
    seeds: pd.DataFrame
    curves: pd.DataFrame
    others: dict[str, pd.DataFrame] = field(default_factory=dict)
    compared_with: str = ""
    realignment_sets: dict[str, list[str]] = field(default_factory=dict)

    def names(self, column: str) -> list[str]:
        """Return the models, tasks, strategies, ... of the cells, in the order of every table.

        Parameters
        ----------
        column : str
            A column of `cells` that holds names, such as `model`.

        Returns
        -------
        list of str
        """
        return ordered(column, self.cells[column].unique())


def cell_tables(experiment: Experiment) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of `PageData.cells` and `PageData.seeds`.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    cells : pandas.DataFrame
        See `PageData.cells`.
    seeds : pandas.DataFrame
        See `PageData.seeds`.
    """
    rows, seeds = [], []
    for cell in sorted(experiment.targets, key=lambda each: each.sort_key()):
        matrix, keys = experiment.targets[cell], cell._asdict()
        delta = None if cell.is_baseline else experiment.delta(cell)
        for language in matrix.columns:
            values = matrix[language].dropna()
            if values.empty:
                continue
            paired = pd.Series(dtype=float) if delta is None else delta[language].dropna()
            rows.append(
                keys
                | {
                    "language": language,
                    "mean": values.mean(),
                    "std": values.std(ddof=1),
                    "delta": paired.mean(),
                    "delta_std": paired.std(ddof=1),
                    "n_seeds": len(values),
                }
            )
        averages = language_average(matrix)
        differences = pd.Series(dtype=float) if delta is None else language_average(delta)
        seeds += [
            keys | {"seed": int(seed), "average": value, "delta": differences.get(seed, float("nan"))}
            for seed, value in averages.items()
        ]
    return pd.DataFrame(rows), pd.DataFrame(seeds)


def read_curves(records: Iterable[Path]) -> pd.DataFrame:
    """Read the training curves of run records.

    Parameters
    ----------
    records : iterable of Path
        Run records (JSON), with the key `curves`: by stage, pairs of a step and the mean loss since the pair before.

    Returns
    -------
    pandas.DataFrame
        Columns stage, run, step and loss; no row where there are no curves.

    Raises
    ------
    InputError
        A record is damaged.
    """
    rows = []
    for path in records:
        record = read_json(path, REMAKE.format("it"))
        try:
            keys = ["model", "task", "strategy", "aligner", "seed", *(["trained_on"] if "trained_on" in record else [])]
            name = " ".join(str(record[key]) for key in keys)
            for stage, points in record.get("curves", {}).items():
                rows += [{"stage": stage, "run": name, "step": int(step), "loss": float(loss)} for step, loss in points]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise damaged(path, f"not the record of a run: {error!r}") from error
    return pd.DataFrame(rows, columns=["stage", "run", "step", "loss"])


def read_page_data(
    folder: Path, source: str, records: Iterable[Path] = (), realignment_sets: Mapping[str, Sequence[str]] | None = None
) -> PageData:
    """Gather what the page shows.

    Parameters
    ----------
    folder : Path
        `results/{experiment}/tables/{langs}`.
    source : str
        Code of the source language.
    records : iterable of Path
        See `read_curves`.
    realignment_sets : mapping of str to sequence of str, optional
        See `PageData`.

    Returns
    -------
    PageData

    Raises
    ------
    InputError
        A table is missing.
    """
    missing = [name for name in ("scores", *TABLES) if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise InputError(f"{folder}: no {', '.join(missing)}; make the tables first")

    def table(name: str) -> pd.DataFrame:
        return read_own_table(
            folder / f"{name}.csv", keep_default_na=False, na_values=_numbers_only(folder / f"{name}.csv")
        )

    scores = read_scores(folder / "scores.csv")
    experiment = read_experiment(scores, source)
    cells, seeds = cell_tables(experiment)
    languages = table("languages")
    places = [coordinates(code) for code in languages["uriel"]]
    languages = languages.assign(latitude=[place[0] for place in places], longitude=[place[1] for place in places])
    others = {name: table(name) for name in OPTIONAL if (folder / f"{name}.csv").is_file()}
    compared = others["compare"]["other_experiment"] if "compare" in others else None
    return PageData(
        str(scores["experiment"].iloc[0]), source, table("main"), table("findings"), languages, cells, seeds,
        read_curves(records), others, str(compared.iloc[0]) if compared is not None and len(compared) else "",
        {name: list(members) for name, members in (realignment_sets or {}).items()},
    )  # fmt: skip


def _numbers_only(path: Path) -> dict[str, list[str]]:
    """Say for `read_csv` that an empty cell is missing in columns of numbers alone; a language may be called nan."""
    sample = read_own_table(path, dtype=str, keep_default_na=False)
    return {name: [""] for name in sample.columns if _is_numeric(sample[name])}


def _is_numeric(column: pd.Series) -> bool:
    filled = column[column != ""]
    return bool(len(filled)) and bool(pd.to_numeric(filled, errors="coerce").notna().all())


def genus_means(data: PageData) -> pd.DataFrame:
    """Return the mean difference of the other languages of each language's genus, by cell.

    Parameters
    ----------
    data : PageData

    Returns
    -------
    pandas.DataFrame
        The columns that identify a cell, language, genus_delta, genus_n; no row for a language alone in its genus.
    """
    genus = data.languages.set_index("language")["genus"]
    table = data.cells[(data.cells["strategy"] != BASELINE) & data.cells["delta"].notna()].copy()
    table["genus"] = table["language"].map(genus)
    table = table[table["genus"].fillna("") != ""]
    keys = ["model", "task", "metric", "aligner", "strategy", "realignment_languages"]
    grouped = table.groupby([*keys, "genus"])["delta"]
    total, count = grouped.transform("sum"), grouped.transform("count")
    table = table.assign(genus_delta=(total - table["delta"]) / (count - 1), genus_n=count - 1)
    return table.loc[table["genus_n"] > 0, [*keys, "language", "genus_delta", "genus_n"]]


def advice_summary(advice: pd.DataFrame) -> pd.DataFrame:
    """Return what to do for a language of which nothing is known, by model and task.

    Parameters
    ----------
    advice : pandas.DataFrame
        The table of `analysis.advice_evaluation.advice_table`; its features A use nothing of a language.

    Returns
    -------
    pandas.DataFrame
        model, task; full and front: expected gain in points, the mean of what was seen in the n languages; full_held
        and front_held: per cent of the 90 % intervals that held what was seen in the language held out; choice: the
        strategy of the larger gain, or fine-tuning only where neither gains.
    """
    rows = []
    known = advice[(advice["features"] == "A") & advice["gain"].notna()]
    for (model, task), cell in known.groupby(["model", "task"], sort=False):
        row: dict[str, object] = {"model": model, "task": task}
        gains = {}
        for strategy, languages in cell.groupby("strategy", sort=False):
            gains[str(strategy)] = languages["seen"].mean()
            bounded = languages.dropna(subset=["low", "high"])
            held = bounded["seen"].between(bounded["low"], bounded["high"])
            row |= {str(strategy): gains[str(strategy)], f"{strategy}_held": 100 * held.mean(), "n": len(languages)}
        best = max(gains, key=lambda strategy: gains[strategy])
        rows.append(row | {"choice": best if gains[best] > 0 else BASELINE})
    columns = ["model", "task", "choice", "full", "full_held", "front", "front_held", "n"]
    return pd.DataFrame(rows, columns=columns)


def labels(data: PageData) -> dict[str, str]:
    """Return the display names of everything that the page names by a key.

    Parameters
    ----------
    data : PageData

    Returns
    -------
    dict from str to str
        Key -> display name.
    """
    columns = ("model", "task", "metric", "aligner", "strategy")
    found = {name for column in columns for name in data.cells[column].unique()}
    found |= set(data.others["aligner_quality"]["aligner"]) if "aligner_quality" in data.others else set()
    return {name: title(name) for name in found} | {name: name.replace("_", " ") for name in DISTANCES}
