"""Languages: names, families, scripts, URIEL distances."""
