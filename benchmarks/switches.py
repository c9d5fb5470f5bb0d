"""What the published switches change on small real data: trains both ways and prints the tables of docs/deviations.md.

PYTHONPATH=. python benchmarks/switches.py --folder FOLDER [--seeds 31 42 66]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
EXPERIMENTS = {"defaults": ["shared_real"], "published": ["shared_real", "published_switches"]}
MODEL = "e5small"
LANGUAGES = ["he", "ta", "it", "pt", "de", "zh"]  # those of them that a task has, and English
METRICS = {
    "udpos": ["accuracy", "paper_accuracy"],
    "wikiann": ["f1", "paper_f1"],
    "xquad": ["f1", "em", "paper_f1", "paper_em"],
}
BITEXTS = ["de", "ko", "he", "ta", "it", "sv"]


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two configurations, the second on top, as Snakemake puts one file on top of another."""
    both = dict(one)
    for key, value in other.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def configuration(variant: str, seeds: list[int]) -> dict[str, Any]:
    """One variant of the experiment, with all sentence pairs, so that both count links in the same ones."""
    config: dict[str, Any] = {}
    for name in EXPERIMENTS[variant]:
        config = merged(config, yaml.safe_load((ROOT / "experiments" / f"{name}.yaml").read_text(encoding="utf-8")))
    del config["data"]["bitext"]["sample"]
    config["language_sets"]["shown"] = LANGUAGES
    return config | {"experiment": variant, "seeds": seeds}


def scores_of(variant: str, task: str, seed: int) -> str:
    """File of the scores of fine-tuning alone."""
    return f"results/{variant}/scores/{MODEL}/baseline/none/none/{task}/seed{seed}/shown.csv"


def links_of(variant: str, language: str) -> str:
    """File of the dictionary's links."""
    return f"results/{variant}/alignments/dictionary/{language}.txt"


def runs(seeds: list[int]) -> list[tuple[str, int]]:
    """Task and seed of each model; only of PoS tagging does a switch change the training, so it has all seeds."""
    return [(task, seed) for task in METRICS for seed in (seeds if task == "udpos" else seeds[:1])]


def share_models(folder: Path, seeds: list[int]) -> None:
    """Take over the models of the other tasks: the same training would make the same ones."""
    for task, seed in runs(seeds):
        one, other = (
            folder / f"results/{variant}/finetuned/{MODEL}/baseline/none/none/{task}/seed{seed}"
            for variant in EXPERIMENTS
        )
        if task != "udpos" and not other.exists():
            shutil.copytree(one, other, copy_function=os.link)


def run(folder: Path, variant: str, seeds: list[int]) -> None:
    """Make a variant's files, as far as they are not there."""
    config = folder / f"{variant}.yaml"
    config.write_text(yaml.safe_dump(configuration(variant, seeds), allow_unicode=True), encoding="utf-8")
    targets = [scores_of(variant, task, seed) for task, seed in runs(seeds)]
    targets += [links_of(variant, language) for language in BITEXTS]
    options = ["--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "1", "--configfile", config]
    subprocess.run([sys.executable, "-m", "snakemake", *targets, *map(str, options)], check=True, stdout=sys.stderr)


def read_scores(folder: Path, seeds: list[int]) -> pd.DataFrame:
    """Scores of both variants in per cent."""
    parts = [
        pd.read_csv(folder / scores_of(variant, task, seed), keep_default_na=False, na_values=[""])
        for variant in EXPERIMENTS
        for task, seed in runs(seeds)
    ]
    table = pd.concat(parts)
    return table.assign(value=100 * table["value"])


def said(values: pd.Series) -> str:
    """Mean and standard deviation over the seeds."""
    if values.empty:
        return "–"
    return f"{values.mean():.1f}" + (f" ± {values.std():.1f}" if len(values) > 1 else "")


def score_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Table of the scores."""
    columns = [("defaults", 0), ("published", 0), ("defaults", 1), ("published", 1)]
    yield "| task | metric | language | n | defaults | published | `paper_` metric: defaults | published |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for task, metrics in METRICS.items():
        plain = [name for name in metrics if not name.startswith("paper_")]
        for metric in plain:
            of_task = scores[scores["task"] == task]
            for language in of_task["language"].unique():
                own = of_task[of_task["language"] == language]
                cells = []
                for variant, by_paper in columns:
                    name = f"paper_{metric}" if by_paper else metric
                    cells.append(own[(own["experiment"] == variant) & (own["metric"] == name)])
                counts = dict.fromkeys(int(count) for cell in cells for count in cell["n"].unique())
                numbers = " / ".join(f"{count:,}" for count in counts)
                yield f"| {task} | {metric} | {language} | {numbers} | {' | '.join(said(c['value']) for c in cells)} |"


def link_lines(folder: Path) -> Iterator[str]:
    """Table of the dictionary's links."""
    yield "| language | sentence pairs | links, defaults | links, published | pairs with a link, defaults | published |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for language in BITEXTS:
        found = {}
        for variant in EXPERIMENTS:
            lines = (folder / links_of(variant, language)).read_text(encoding="utf-8").splitlines()
            found[variant] = len(lines), sum(len(line.split()) for line in lines), sum(map(bool, lines))
        [pairs] = {count for count, _, _ in found.values()}
        numbers = [pairs, *(found[variant][place] for place in (1, 2) for variant in EXPERIMENTS)]
        yield f"| {language} | {' | '.join(f'{number:,}' for number in numbers)} |"


def main() -> None:
    """Run both variants and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where results/defaults and results/published go")
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 42, 66])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    run(arguments.folder, "defaults", arguments.seeds)
    share_models(arguments.folder, arguments.seeds)
    run(arguments.folder, "published", arguments.seeds)
    print("\n".join([*score_lines(read_scores(arguments.folder, arguments.seeds)), "", *link_lines(arguments.folder)]))


if __name__ == "__main__":
    main()
