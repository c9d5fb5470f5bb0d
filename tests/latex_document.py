"""LaTeX tables in a document with ACL's measures, compiled: Debian's package texlive-latex-recommended."""

import re
import shutil
import subprocess

import pytest

needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no pdflatex: apt-get install texlive-latex-recommended"
)


def two_column_document(names):
    """A document with ACL's measures: two columns of 7.7 cm, 16 cm of text, 11 points, Times."""
    inputs = "\n".join(rf"\typeout{{TABLE {name}}}\input{{{name}}}\clearpage" for name in names)
    lines = [
        r"\documentclass[11pt,twocolumn,a4paper]{article}",
        r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{times}",
        r"\usepackage[a4paper,width=16cm,height=24.7cm,columnsep=0.6cm]{geometry}",
        r"\usepackage{booktabs,array,graphicx}",
        r"\begin{document}",
        inputs,
        r"\end{document}",
    ]
    return "\n".join(lines)


def overfull(folder, texts):
    """Compile tables and return (table, points) of every box that is too wide."""
    for name, text in texts.items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    (folder / "document.tex").write_text(two_column_document(texts), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert finished.returncode == 0, finished.stdout[-2000:]
    found, table = [], ""
    for line in (folder / "document.log").read_text(errors="replace").splitlines():
        if line.startswith("TABLE "):
            table = line.removeprefix("TABLE ")
        if match := re.match(r"Overfull \\hbox \(([\d.]+)pt|LaTeX Warning: Float too large", line):
            found.append((table, float(match[1] or "inf")))
    return found
