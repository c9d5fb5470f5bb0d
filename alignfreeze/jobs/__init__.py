"""Jobs: one function for each stage that computes with an encoder, from files to files.

What a script of the workflow, or a command, would otherwise hold: load, compute, write the outputs with their run
records, resume. A package of its own, above realignment, tasks and metrics, because `experiment` plans without PyTorch
and the stages' own packages do not know one another; nothing in the library imports it. It knows no Snakemake.
"""
