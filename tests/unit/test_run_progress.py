"""How far a run is: the estimate of the time left by hand, and the display on a real pseudo-terminal."""

import sys
from pathlib import Path

import pytest
from pseudo_terminal import run_on_terminal, screen
from support import ROOT

from alignfreeze.support.progress import last_progress
from alignfreeze.support.run_progress import LIGHT_JOB_SECONDS, RunProgress


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def test_the_rest_is_estimated_by_jobs_of_the_same_rule(clock):
    run = RunProgress({"realign": 4}, {}, clock)
    for number in (1, 2):  # two at a time
        run.start(number, "realign", "", f"realign {number}", None)
    clock.seconds += 60
    assert run.finish(1)[1] == run.finish(2)[1] == 60
    assert (run.done, run.total) == (2, 4)
    assert run.left() == pytest.approx(2 * 60 / 2)
    run.start(3, "realign", "", "", None)
    clock.seconds += 20
    # 40 s of the third and 60 s of the fourth; on average 140 s of work in 80 s.
    assert run.left() == pytest.approx((40 + 60) / (140 / 80))
    assert run.running_rules() == "realign"
    assert run.estimate() == "0:01:20 so far, about 0:00:57 left; now: realign"


def test_a_rule_that_was_not_seen_is_scaled_by_what_was_expected(clock):
    run = RunProgress(
        {"realign": 1, "finetune_in_language": 1, "main_table": 1}, {"realign": 10, "finetune": 30}, clock
    )
    assert run.left() == pytest.approx(10 + 30 + LIGHT_JOB_SECONDS)
    run.start(1, "realign", "", "", None)
    clock.seconds += 20  # twice as long as expected
    run.finish(1)
    assert run.left() == pytest.approx(2 * 30 + LIGHT_JOB_SECONDS)


def test_a_late_job_leaves_what_waits_for_it(clock):
    run = RunProgress({"realign": 1, "table": 2}, {"realign": 10}, clock)
    run.start(1, "realign", "", "", None)
    clock.seconds += 100
    assert run.left() == pytest.approx(2 * LIGHT_JOB_SECONDS)


def test_another_attempt_is_the_same_job(clock):
    run = RunProgress({"realign": 1}, {"realign": 10}, clock)
    run.start(1, "realign", "", "", None)
    run.fail(1)
    assert (run.failed, run.running_rules()) == (1, "")
    run.start(1, "realign", "", "", None)
    assert run.waiting["realign"] == 0
    run.finish(1)
    assert (run.done, run.left()) == (1, 0.0)
    assert run.estimate() == "0:00:00 so far"


def test_progress_of_a_job_is_in_its_log(tmp_path):
    log = tmp_path / "job.log"
    lines = [
        "10:00:00 INFO realign e5 full seed 31: step 10 of 30, loss 2.5000, 0:00:10 so far, about 0:00:20 left",
        "10:00:01 WARNING out of memory: going on with 8 of 16, about half",
    ]
    log.write_text("x" * 10_000 + "\n" + "\n".join(lines) + "\n")
    assert last_progress(log, 0) == "step 10 of 30, loss 2.5000, 0:00:10 so far, about 0:00:20 left"
    assert last_progress(log, log.stat().st_mtime + 1) == "", "of an earlier run"
    assert last_progress(tmp_path / "none", 0) == ""


# Snakemake's events as it writes them, and a child that writes to the terminal itself.
RUN = """
import logging, subprocess, sys, time
from alignfreeze.support.terminal import follow_run

logger = logging.getLogger("like snakemake")
logger.setLevel(logging.INFO)
terminal = logging.StreamHandler()
terminal.setFormatter(logging.Formatter("%(message)s"))
logger.addHandler(terminal)
follower = follow_run(logger, {"realign": 2, "table": 1}, {"realign": 5.0}, quiet=sys.argv[2:])

def say(text, event=None, **more):
    logger.info(text, extra={"event": event, **more})

for number, seed in ((1, 31), (2, 42)):
    label = f"Realigning e5small, strategy full, seed {seed}"
    wildcards = {"model": "e5small", "strategy": "full", "aligner": "none", "seed": str(seed)}
    job = {"jobid": number, "rule_name": "realign", "wildcards": wildcards, "log": [sys.argv[1]]}
    say("rule realign:", "job_info", rule_msg=label, **job)
open(sys.argv[1], "w").write("10:00:00 INFO realign: step 3 of 30, loss 2.5, 0:00:01 so far, about 0:00:09 left\\n")
time.sleep(1.2)
child = "import sys; sys.stderr.write('10%\\\\r50%\\\\rwarning: ' + 'long ' * 60 + 'end\\\\n' + 'no newline')"
subprocess.run([sys.executable, "-c", child], check=True)
say("", "job_finished", job_id=1)
say("1 of 3 steps (33%) done", "progress", done=1, total=3)
say("Error in rule realign:\\n    jobid: 2\\n    log: " + "x" * 300, "job_error", jobid=2)
time.sleep(0.7)
follower.stop()
say("the end")
sys.exit(3)
"""


def run_display(tmp_path, *quiet):
    command = [sys.executable, "-c", RUN, tmp_path / "job.log", *quiet]
    environment = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "PATH": ""}
    return run_on_terminal(command, columns=90, env=environment)


def test_display_stands_below_what_is_printed_and_writes_over_nothing(tmp_path):
    code, written = run_display(tmp_path)
    assert code == 3
    # While it ran: one line of the run and one for each training, with its own state.
    assert "0 of 3 jobs" in written
    assert "now: realign ×2" in written
    assert "1 of 3 jobs, 1 failed" in written
    for seed in (31, 42):
        assert f"  realign e5small full seed {seed}: step 3 of 30, loss 2.5, about 0:00:09 left" in written
    # Afterwards: everything else, whole, and nothing of the display.
    assert screen(written) == [
        "warning: " + "long " * 60 + "end",
        # As on any terminal: the child ended without a new line.
        "no newline[1/3] Realigning e5small, strategy full, seed 31: 0:00:01",
        "Error in rule realign:",
        "    jobid: 2",
        "    log: " + "x" * 300,
        "the end",
    ]


def test_quiet_has_no_display_and_verbose_words_stay(tmp_path):
    code, written = run_display(tmp_path, "progress")
    assert code == 3
    assert "of 3 jobs" not in written
    assert "1 of 3 steps (33%) done, 0:00:01 so far, about " in written
    assert "now: realign" in written


def test_no_terminal_is_text_with_the_time_left(tmp_path):
    import subprocess

    finished = subprocess.run(
        [sys.executable, "-c", RUN, tmp_path / "job.log"],
        env={"PYTHONPATH": str(ROOT), "TERM": "xterm"}, capture_output=True, text=True,
    )  # fmt: skip
    assert finished.returncode == 3
    assert "\x1b" not in finished.stderr
    assert "rule realign:" in finished.stderr
    assert "1 of 3 steps (33%) done, 0:00:01 so far, about 0:00:0" in finished.stderr
    assert Path(tmp_path / "job.log").exists()
