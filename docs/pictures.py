"""Make the pictures of docs/images from the results of runs, such as results/published and results/demo.

The page is photographed by Chromium, the graph of the rules drawn by dot (Debian's packages chromium and graphviz);
the others are figures of the runs. What no run at hand has stays as it is.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
# Figures by experiment; in the documentation those of the published results begin with its name.
FIGURES = {
    "published": {
        "published_forest_main.png": "forest_main.png",
        "published_delta_by_language_xlmr_udpos.png": "delta_by_language_xlmr_udpos.png",
        "published_advice.png": "advice.png",
    },
    "demo": {
        "retrieval.png": "retrieval.png",
        "gradient_conflict.png": "gradient_conflict_e5small_udpos.png",
    },
    "layers": {"layers.png": "layers_e5small_udpos.png"},
}
SIZE = "1280,1600"  # the overview down to the axis of the forest plot


def photograph(page: Path, picture: Path) -> None:
    """Write what the first screens of a page show."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium: apt-get install chromium")
    # Charts are drawn by JavaScript: the page's own clock is let run before the picture is taken.
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000"]
    command = [chromium, *options, f"--window-size={SIZE}", f"--screenshot={picture}", page.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def draw_rules(picture: Path) -> None:
    """Draw the demonstration's rules as Snakemake's graph, without the target that gathers everything."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", "--quiet", "all"]
    graph = subprocess.run(command, check=True, capture_output=True, text=True, cwd=IMAGES.parents[1]).stdout
    graph = graph[graph.index("digraph") :]
    (target,) = re.findall(r'^\s*(\d+)\[label = "all"', graph, re.MULTILINE)
    node = re.compile(rf"\s*({target}\[|{target} -> |\d+ -> {target}\b)")
    graph = "\n".join(line for line in graph.splitlines() if not node.match(line))
    subprocess.run(["dot", "-Tsvg", "-Grankdir=LR", "-o", picture], check=True, input=graph, text=True)


def main(runs: list[Path]) -> None:
    """Write every picture that the runs have the material for."""
    draw_rules(IMAGES / "rules.svg")
    for results in runs:
        if results.name == "published":
            photograph(results / "page" / "index.html", IMAGES / "published_page.png")
        for picture, figure in FIGURES[results.name].items():
            shutil.copy(results / "figures" / "all" / figure, IMAGES / picture)


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:]])
