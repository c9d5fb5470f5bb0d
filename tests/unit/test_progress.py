"""The bar on a terminal, and silence in a file."""

import pytest
import rich.console

from alignfreeze.support import progress


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setitem(progress._terminal, "shared", False)


def test_a_file_stays_empty(alone, capsys):
    with progress.progress_bar("train", 3) as advance:
        advance(2, note="loss 1")
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_terminal_shows_what_is_done(alone, monkeypatch, capsys):
    def terminal(stderr):
        return rich.console.Console(stderr=stderr, force_terminal=True, width=120)

    monkeypatch.setattr(progress, "Console", terminal)
    with progress.progress_bar("realign [0, 6]", 5, done=1) as advance:
        advance()
        advance(2, note="loss 0.5")
    shown = capsys.readouterr().err
    for text in ("realign [0, 6]", "4/5", "loss 0.5"):
        assert text in shown


def test_jobs_that_share_a_terminal_leave_it_alone_and_say_in_the_log_what_is_left(monkeypatch, capsys, caplog):
    def terminal(stderr):
        return rich.console.Console(stderr=stderr, force_terminal=True, width=120)

    now = [100.0]
    monkeypatch.setattr(progress, "Console", terminal)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setitem(progress._terminal, "shared", True)
    name = "realign small full seed 31"
    with caplog.at_level("INFO"), progress.progress_bar(name, 10, done=2, unit="step") as advance:
        for note in (None, None, "loss 0.5", None):
            now[0] += 6
            advance(note=note)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
    # Steps take 6 s: a line when ten seconds are over (4 of 10 done), and one with what is new.
    assert [record.getMessage() for record in caplog.records] == [
        "realign small full seed 31: step 4 of 10, 0:00:12 so far, about 0:00:36 left",
        "realign small full seed 31: step 5 of 10, loss 0.5, 0:00:18 so far, about 0:00:30 left",
    ]


def test_clock_counts_hours_and_days():
    assert [progress.clock(seconds) for seconds in (0.4, 65, 90061)] == ["0:00:00", "0:01:05", "1 day, 1:01:01"]
