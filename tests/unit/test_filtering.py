"""Quality filter of the bitext: margin scores against a slow oracle, the pairs that stay, and COMETKiwi's command."""

import stat
import sys

import numpy as np
import pytest
import torch

from alignfreeze.analysis import figures
from alignfreeze.data.bitext import Bitext, read_bitext, write_bitext
from alignfreeze.data.filtering import (
    as_text,
    cometkiwi_scores,
    kept_pairs,
    read_pair_scores,
    threshold,
    write_pair_scores,
)
from alignfreeze.encoders.margin import margin_scores
from alignfreeze.support.errors import InputError

CPU = torch.device("cpu")


def vectors(rng, pairs, size=16):
    """Sides that resemble each other."""
    source = rng.normal(size=(pairs, size)) + 1.0
    target = source + rng.normal(size=source.shape)
    return (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (source, target))


def slow_margin(source, target, neighbours):
    """Artetxe and Schwenk's equations, a pair at a time, in float64."""
    scores = []
    for x, y in zip(source, target, strict=True):
        of_x = sorted((float(x @ other) for other in target), reverse=True)[:neighbours]
        of_y = sorted((float(y @ other) for other in source), reverse=True)[:neighbours]
        k = len(of_x)
        scores.append(float(x @ y) / (sum(of_x) / (2 * k) + sum(of_y) / (2 * k)))
    return scores


@pytest.mark.parametrize(
    ("pairs", "neighbours", "block"), [(50, 4, 2048), (50, 4, 7), (50, 60, 16), (1, 4, 8), (33, 1, 32)]
)
def test_margin_is_that_of_the_slow_oracle(pairs, neighbours, block):
    source, target = vectors(np.random.default_rng(pairs + block), pairs)
    found = margin_scores(source.astype(np.float32), target.astype(np.float32), neighbours, CPU, block)
    assert found == pytest.approx(slow_margin(source, target, neighbours), rel=2e-5)


def bitext(pairs):
    return Bitext([[f"a{row}", "x"] for row in range(pairs)], [[f"b{row}"] for row in range(pairs)])


def parts(whole, *sizes):
    start = 0
    for size in sizes:
        yield Bitext(whole.source[start : start + size], whole.target[start : start + size])
        start += size


def test_pairs_at_or_above_the_percentile_stay_in_order(tmp_path):
    scores = np.random.default_rng(0).permutation(10) / 10
    whole = bitext(10)
    write_pair_scores(tmp_path / "scores.csv", scores, parts(whole, 4, 6))
    read = read_pair_scores(tmp_path / "scores.csv")
    assert read.tolist() == scores.tolist(), "every digit is in the file"
    write_bitext(tmp_path / "kept.parquet", kept_pairs(parts(whole, 3, 7), read, 40.0))
    expected = [row for row in range(10) if scores[row] >= np.percentile(scores, 40)]
    assert len(expected) == 6
    assert read_bitext(tmp_path / "kept.parquet").source == [whole.source[row] for row in expected]
    with pytest.raises(InputError, match="10 scores for 7 sentence pairs"):
        list(kept_pairs(parts(whole, 7), read, 40.0))
    assert threshold(np.array([1.0, 2.0, 3.0, 4.0]), 50) == 2.5


def test_damaged_scores_are_named(tmp_path):
    (tmp_path / "scores.csv").write_text("score,source,target\ngood,a,b\n")
    with pytest.raises(InputError, match=r"scores.csv"):
        read_pair_scores(tmp_path / "scores.csv")
    with pytest.raises(InputError, match="is nan"):
        write_pair_scores(tmp_path / "nan.csv", [float("nan")], [bitext(1)])
    assert not (tmp_path / "nan.csv").exists()


def test_text_of_a_language():
    assert as_text(["a", "b"], "de") == "a b"
    assert as_text(["你", "好"], "zh") == "你好"


def command(folder, body):
    """A program in place of comet-score, with its options and its output."""
    path = folder / "comet-score"
    path.write_text(
        f"#!{sys.executable}\nimport json, sys\noptions = dict(zip(sys.argv[1::1], sys.argv[2::1]))\n{body}\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


SCORES = """
lines = [open(options[side]).read().splitlines() for side in ("-s", "-t")]
rows = [{"src": s, "mt": t, "COMET": len(s) + len(t) / 100} for s, t in zip(*lines)]
json.dump({options["-t"]: rows}, open(options["--to_json"], "w"))
"""


def test_cometkiwi_is_called_by_its_command_line(tmp_path):
    """The format of unbabel-comet 2.2.7: segments of each file of translations, with a key COMET."""
    program = command(tmp_path, SCORES)
    whole = Bitext([["a", "b"], ["c"]], [["你", "好"], ["x"]])
    assert cometkiwi_scores(parts(whole, 1, 1), ("en", "zh"), program, "owner/model", 0) == [3.02, 1.01]
    few = command(tmp_path, SCORES.replace("zip(*lines)", "list(zip(*lines))[1:]"))
    with pytest.raises(InputError, match="1 scores for 2 sentence pairs"):
        cometkiwi_scores([whole], ("en", "zh"), few, "owner/model", 0)
    with pytest.raises(InputError, match="failed with status 3: no licence"):
        cometkiwi_scores(
            [whole], ("en", "zh"), command(tmp_path, "print('no licence', file=sys.stderr); exit(3)"), "m", 0
        )
    absent = command(tmp_path, """raise KeyError("Model 'owner/model' not supported by COMET.")""")
    with pytest.raises(InputError, match=r"not supported by COMET.*accept its licence at huggingface.co/owner/model"):
        cometkiwi_scores([whole], ("en", "zh"), absent, "owner/model", 0)
    strange = command(tmp_path, 'json.dump([1], open(options["--to_json"], "w"))')
    with pytest.raises(InputError, match="wrote no scores that can be read"):
        cometkiwi_scores([whole], ("en", "zh"), strange, "m", 0)


def test_command_that_is_not_there():
    with pytest.raises(InputError, match=r"filter.command: no command 'comet-scor'; install unbabel-comet in an env"):
        cometkiwi_scores([bitext(1)], ("en", "de"), "comet-scor", "m", 0)


def test_histogram(tmp_path):
    rng = np.random.default_rng(0)
    scores = {language: rng.normal(1.0, 0.1, 40) for language in ("de", "tr", "ja", "fi", "el", "ar", "hi")}
    figure = figures.bitext_filter(scores, dict.fromkeys(scores, [0.9, 1.0]), "margin")
    figures.save_figure(figure, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0
