"""The command `alignfreeze`: a realigned encoder without an experiment.

Each command is a module of this package with a function `run`; nothing heavy is imported before it runs.
"""

from __future__ import annotations

import importlib
import sys

import typer

from alignfreeze import __version__
from alignfreeze.support.errors import InputError

# Name of a command and of its module, in the order of `--help`.
COMMANDS = ("align", "realign", "retrieve", "diagnose", "plan", "advise", "fit_advice")

app = typer.Typer(
    name="alignfreeze",
    help="Realign multilingual encoders with frozen layers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name in COMMANDS:
    app.command(_name.replace("_", "-"))(importlib.import_module(f"{__name__}.{_name}").run)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(  # noqa: ARG001 - its callback answers
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Realign multilingual encoders with frozen layers."""


def main() -> None:
    """Run the command; wrong input is one line on stderr and exit code 1, wrong usage exit code 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"alignfreeze: {error}", err=True)
        sys.exit(1)
