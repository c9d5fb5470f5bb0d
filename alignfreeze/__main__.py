"""`python -m alignfreeze`: the command."""

from alignfreeze.cli import main

main()
