"""Print where an experiment's results are, and its main table: print_summary.py results/EXPERIMENT LANGUAGE_SET."""

import sys
from pathlib import Path

from alignfreeze.analysis.latex import read_table
from alignfreeze.analysis.names import BASELINE

COLUMNS = ["model", "task", "aligner", "strategy", "mean", "std", "delta", "delta_low", "delta_high", "n_up", "n_down"]


def main(folder: Path, langs: str) -> None:
    """Print paths and table to the terminal."""
    table = read_table(folder / "tables" / langs / "main.csv")
    shown = table[[*COLUMNS, "english" if "english" in table else "source", "n_languages", "n_seeds"]]
    print(f"""
Tables   {folder / "tables" / langs}
Figures  {folder / "figures" / langs}
Report   {folder / "report.html"}

Main table, per cent. mean, std: the language average over seeds (std with ddof = 1). delta: against the baseline with
the same seed, with a 95 % interval over seeds and languages. n_up, n_down: languages beyond one std of their baseline.
""")
    print(shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.1f}"))
    noise = shown.loc[shown["strategy"] == BASELINE, "std"].max()
    moved = shown.loc[shown["strategy"] != BASELINE, "delta"]
    print(f"\nThe strategies moved the average by {moved.min():+.1f} to {moved.max():+.1f} points; ", end="")
    print(f"the baseline's own spread (std) over seeds is {noise:.1f}. An interval that holds 0 shows no effect.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
