"""The packages as rooms on floors: which package may import which, and the graph of those that do.

`python -m alignfreeze.support.rooms` prints the graph in Mermaid's language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from alignfreeze.support.imports import LIBRARY, imported_names

# From the ground up: a package imports packages of lower floors only.
FLOORS = (
    ("support",),
    ("data", "languages"),
    ("encoders", "sources"),
    ("aligners", "training"),
    ("realignment", "tasks"),
    ("diagnostics", "metrics"),
    ("kinds",),
    ("analysis", "jobs"),
    ("experiment", "page"),
    ("interface",),
    ("cli",),
)


def package_arrows() -> dict[str, set[str]]:
    """Packages of this library -> the other packages that a module of them imports."""
    packages = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    arrows: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        for path in (LIBRARY / package).rglob("*.py"):
            for name in imported_names(path):
                top, _, rest = name.partition(".")
                if top == LIBRARY.name:
                    arrows[package] |= {rest.split(".")[0]} & packages - {package}
    return {package: arrows[package] for package in sorted(packages)}


def mermaid(arrows: Mapping[str, set[str]]) -> str:
    """The graph as a Mermaid flowchart, the user's side on top; arrows to `support` are left out, as all have one.

    Parameters
    ----------
    arrows : mapping from str to set of str
        What `package_arrows` returns.

    Returns
    -------
    str
    """
    lines = ["flowchart TD"]
    for number, floor in enumerate(reversed(FLOORS)):
        lines += [f"    subgraph floor{number}[ ]", *(f"        {package}" for package in floor), "    end"]
    for package, imported in arrows.items():
        lines += [f"    {package} --> {other}" for other in sorted(imported - {"support"})]
    return "\n".join(lines)


if __name__ == "__main__":
    print(mermaid(package_arrows()))  # noqa: T201
