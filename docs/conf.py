"""The documentation as a site that needs no network, neither to build nor to read: make docs, then site/index.html."""

from pathlib import Path

import typer.cli
import typer.main
from sphinx.application import Sphinx

from alignfreeze import __version__
from alignfreeze.cli import app as command_line

project = "AlignFreeze"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "AlignFreeze"
html_show_sourcelink = False
napoleon_google_docstring = False
autodoc_typehints = "none"  # types stand in the docstrings
myst_heading_anchors = 3
# Links to files and folders of the checkout outside docs/ are right on the code's page and lead nowhere in the site.
suppress_warnings = ["myst.xref_missing", "myst.header"]
GENERATED = Path(__file__).parent / "command.md"


def write_command_page(_: Sphinx) -> None:
    """Write the reference of the command line from the command itself."""
    command = typer.main.get_command(command_line)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="alignfreeze")
    GENERATED.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Have the page of the command line written before pages are collected."""
    app.connect("builder-inited", write_command_page)
