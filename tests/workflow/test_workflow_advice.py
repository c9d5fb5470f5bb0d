"""Advice is planned where an experiment is large enough; where it is not, what is missing is said."""

import pytest
from support import ROOT
from workflow_support import planned, snakemake

pytestmark = pytest.mark.workflow


def test_the_demo_says_what_it_lacks(tmp_path):
    output = snakemake(tmp_path, "-n", config=ROOT / "config.yaml")
    assert "advice for new languages is left out: languages: 14, at least 21 needed; models: 1, at least 2" in output
    assert "tabulate_advice" not in planned(output)


def test_the_published_results_get_advice(tmp_path):
    output = snakemake(tmp_path, "-n", config=ROOT / "experiments" / "published.yaml")
    assert "left out" not in output
    assert planned(output)["tabulate_advice"] == 1
