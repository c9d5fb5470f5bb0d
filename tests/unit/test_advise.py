"""Advice for the user: what comes with the package, what is said, and what is refused."""

import math
import subprocess
import sys

import numpy as np
import pytest
from analysis_support import make_scores

from alignfreeze.analysis.advice import (
    Measured,
    advice_text,
    advise,
    fit_advice,
    read_fit,
    read_measured,
    write_fit,
)
from alignfreeze.analysis.advice_data import features_of, join_scores, read_results
from alignfreeze.cli.advise import run as ask
from alignfreeze.support.errors import InputError

# Of the published results, as the advice was specified: (gain, low, high) with all seeds, the language held out.
PUBLISHED = {
    ("distilmbert", "udpos", "full", "B+", "th"): (17.9424, 10.6646, 25.0487),
    ("mbert", "udpos", "front", "B+", "ar"): (4.8312, 2.1398, 7.5289),
    ("xlmr", "udpos", "front", "B+", "ko"): (0.5389, -1.5811, 2.5235),
    ("distilmbert", "xnli", "full", "B+", "vi"): (2.0711, -1.7083, 4.3382),
    ("xlmr", "udpos", "front", "A", "fi"): (0.5338, -0.4078, 1.4201),
    ("mbert", "udpos", "full", "C", "he"): (6.7026, 4.6387, 8.6829),
}


@pytest.fixture(scope="module")
def packaged():
    return read_fit()


def test_the_packaged_fit_has_the_published_advice(packaged):
    for (model, task, strategy, features, language), expected in PUBLISHED.items():
        advice = advise(packaged, model, task, language, features=features)
        assert tuple(advice.estimates[strategy]) == pytest.approx(expected, abs=1e-4)
    assert "MIT" in packaged.provenance["results"]


def test_a_held_out_language_asked_for_as_a_new_one_gets_the_same_advice():
    scores = make_scores(seeds=(31, 42, 66, 23))
    everything = fit_advice(read_results(scores), {})
    results = read_results(scores)
    baseline = results.baseline_means("small", "udpos")["ta"]
    fewer = fit_advice(read_results(scores[scores["language"] != "ta"]), {})
    measured = Measured({"small": baseline})
    for features in ("A", "B"):
        known = advise(everything, "small", "udpos", "ta", features=features)
        new = advise(fewer, "small", "udpos", "ta", measured, features)
        for strategy in ("full", "front"):
            tolerance = 1e-9 if features == "A" else 0.5  # the component rests on one language less
            assert tuple(new.estimates[strategy]) == pytest.approx(tuple(known.estimates[strategy]), abs=tolerance)
        assert not new.seen
        assert known.seen == pytest.approx(
            {strategy: results.gain_means("small", "udpos", strategy)["ta"] for strategy in ("full", "front")}
        )


def test_the_features_of_a_new_language_are_those_of_the_results():
    frames = [make_scores(model=name, seed=seed) for name, seed in (("small", 1), ("large", 2))]
    scores = join_scores(frames)
    results = read_results(scores)
    fewer = fit_advice(read_results(scores[scores["language"] != "ta"]), {})
    baselines = {name: results.baseline_means(name, "udpos")["ta"] for name in ("small", "large")}
    realigned = {
        ("large", strategy): baselines["large"] + results.gain_means("large", "udpos", strategy)["ta"]
        for strategy in ("full", "front")
    }
    known = fit_advice(results, {})
    for features in ("B+", "C"):
        assert np.isfinite(features_of(results, "small", "udpos", "full", features).loc["ta"]).all()
        expected = advise(known, "small", "udpos", "ta", features=features)
        found = advise(fewer, "small", "udpos", "ta", Measured(baselines, realigned), features)
        for strategy in ("full", "front"):
            assert tuple(found.estimates[strategy]) == pytest.approx(tuple(expected.estimates[strategy]), abs=1e-9)
    assert advise(fewer, "small", "udpos", "ta", Measured(baselines, realigned)).features == "C"
    assert advise(fewer, "small", "udpos", "ta", Measured(baselines)).features == "B+"
    assert advise(fewer, "small", "udpos", "ta", Measured({"small": 40.0})).features == "B"
    assert advise(fewer, "small", "udpos", "ta").features == "A"


def test_a_fit_is_written_and_read_again(tmp_path):
    fit = fit_advice(read_results(make_scores(seeds=(31,))), {"results": "made up"})
    write_fit(fit, tmp_path / "fit.json")
    again = read_fit(tmp_path / "fit.json")
    assert again.provenance == {"results": "made up"}
    assert list(again.rules) == list(fit.rules)
    first, second = (advise(one, "small", "udpos", "sw", Measured({"small": 30.0})) for one in (fit, again))
    assert tuple(second.estimates["full"]) == pytest.approx(tuple(first.estimates["full"]), abs=1e-5)
    assert math.isnan(second.new_seeds["full"].low)  # one seed says nothing about seeds


def test_new_seeds_widen(packaged):
    few, many = (advise(packaged, "xlmr", "xquad", "sw", seeds=seeds) for seeds in (1, 5))
    for strategy in ("full", "front"):
        assert few.new_seeds[strategy].low < many.new_seeds[strategy].low < many.estimates[strategy].low
        assert few.new_seeds[strategy].gain == many.estimates[strategy].gain


def test_an_encoder_without_results_gets_no_interval(packaged):
    mean = advise(packaged, "glot500", "udpos", "sw")
    by_gap = advise(packaged, "glot500", "udpos", "sw", Measured({"glot500": 30.0, "xlmr": 60.0}))
    for advice in (mean, by_gap):
        assert all(math.isnan(one.low) for one in advice.estimates.values())
        assert "no interval" in advice_text(advice)
    assert by_gap.estimates["full"].gain > mean.estimates["full"].gain
    with pytest.raises(InputError, match="only A and B"):
        advise(packaged, "glot500", "udpos", "sw", features="C")


def test_encoders_learnt_from_are_counted(packaged):
    scores = join_scores([make_scores(model=name, seed=seed) for name, seed in (("small", 1), ("large", 2))])
    two = advise(fit_advice(read_results(scores), {}), "glot500", "udpos", "sw")
    assert "2 encoders are too few" in two.notes[2]
    assert "3 encoders are too few" in advise(packaged, "glot500", "udpos", "sw").notes[2]


def test_a_language_that_nobody_knows(packaged):
    advice = advise(packaged, "mbert", "udpos", "qqq", Measured({"mbert": 40.0}))
    assert advice.features == "A"
    assert "URIEL has no distances of qqq" in advice_text(advice)
    with pytest.raises(InputError, match="URIEL"):
        advise(packaged, "mbert", "udpos", "qqq", Measured({"mbert": 40.0}), features="B")


def test_limits_come_with_every_advice(packaged):
    text = advice_text(advise(packaged, "mbert", "udpos", "sw"))
    assert "34 languages, 3 encoders, one lab" in text
    assert "known from the model and the task" in text
    everywhere, largest = packaged.coverage("A")
    assert largest < everywhere < 1
    assert f"{100 * largest:.0f} of 100 in the fifth of languages with the largest gains" in text
    few = advice_text(advise(fit_advice(read_results(make_scores()), {}), "small", "udpos", "sw"))
    assert "PoS tagging needs about 20 languages to learn from; here are 14" in few


def test_refusals(packaged, tmp_path):
    with pytest.raises(InputError, match="no results on task ner"):
        advise(packaged, "mbert", "ner", "sw")
    with pytest.raises(InputError, match="no encoder 'mBERT' in the results; did you mean mbert"):
        advise(packaged, "mBERT", "udpos", "sw")
    with pytest.raises(InputError, match="source language"):
        advise(packaged, "mbert", "udpos", "en")
    with pytest.raises(InputError, match=r"B\+ for mbert on udpos needs baselines of mbert and of another"):
        advise(packaged, "mbert", "udpos", "sw", Measured({"mbert": 40.0}), features="B+")
    with pytest.raises(InputError, match="too few languages"):
        fit_advice(read_results(make_scores(languages=("de", "es", "ru", "el", "ar"))), {})
    with pytest.raises(InputError, match="fit-advice"):
        read_fit(tmp_path / "absent.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match=r"other\.json: not a fit"):
        read_fit(tmp_path / "other.json")


def test_a_language_that_nobody_knows_or_measured_is_refused_by_the_command(tmp_path):
    for language, hint in (("Swahili", "did you mean sw"), ("qqq", "give an ISO 639 code")):
        with pytest.raises(InputError, match=hint):
            ask("mbert", "udpos", language)
    (tmp_path / "my.csv").write_text("model,task,language,value\nmbert,udpos,qqq,0.4\n")
    ask("mbert", "udpos", "qqq", tmp_path / "my.csv")


def test_measurements_are_read(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text(
        "model,task,language,strategy,seed,value\nmbert,udpos,sw,baseline,1,0.4\nmbert,udpos,sw,baseline,2,0.5\n"
        "xlmr,udpos,sw,full,1,0.7\nxlmr,udpos,sw,back,1,0.1\nmbert,udpos,yo,baseline,1,0.9\n"
    )
    measured = read_measured(path, "udpos", "sw")
    assert measured.baselines == pytest.approx({"mbert": 45.0})
    assert measured.realigned == pytest.approx({("xlmr", "full"): 70.0})
    with pytest.raises(InputError, match="no score of task xnli in sw"):
        read_measured(path, "xnli", "sw")
    path.write_text("model,task,language,value\nmbert,udpos,sw,41\n")
    with pytest.raises(InputError, match="between 0 and 1"):
        read_measured(path, "udpos", "sw")
    path.write_text("model,language,value\nmbert,sw,0.4\n")
    with pytest.raises(InputError, match="no column task"):
        read_measured(path, "udpos", "sw")


def test_the_command_needs_no_pytorch(tmp_path):
    (tmp_path / "my.csv").write_text("model,task,language,value\nmbert,udpos,sw,0.41\n")
    program = (
        "import sys, alignfreeze.cli as cli\n"
        f"sys.argv = ['alignfreeze', *'advise -m mbert -t udpos -l sw --scores {tmp_path}/my.csv'.split()]\n"
        "try:\n    cli.main()\nfinally:\n    assert not {'torch', 'transformers', 'statsmodels'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "its own baseline and its distance" in result.stdout
