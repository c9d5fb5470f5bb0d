"""The results as one self-contained HTML page, made from the tables of an experiment."""
