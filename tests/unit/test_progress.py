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


@pytest.mark.parametrize("is_terminal", [True, False])
def test_jobs_that_share_a_terminal_print_lines_with_the_time_left(is_terminal, monkeypatch, capsys):
    def terminal(stderr):
        return rich.console.Console(stderr=stderr, force_terminal=is_terminal, width=120)

    now = [100.0]
    monkeypatch.setattr(progress, "Console", terminal)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setitem(progress._terminal, "shared", True)
    with progress.progress_bar("realign small full seed 31", 10, done=2) as advance:
        advance(0, note="loss 0.5")
        for _ in range(4):
            now[0] += 15
            advance()
    shown = capsys.readouterr().err
    # Steps take 15 s; a line after 30 s (4 of 10 done) and after 60 s (6 of 10).
    lines = [
        "realign small full seed 31: 4 of 10, loss 0.5, about 0:01:30 left",
        "realign small full seed 31: 6 of 10, loss 0.5, about 0:01:00 left",
    ]
    assert shown.splitlines() == (lines if is_terminal else [])


def test_clock_counts_hours_and_days():
    assert [progress.clock(seconds) for seconds in (0.4, 65, 90061)] == ["0:00:00", "0:01:05", "1 day, 1:01:01"]
