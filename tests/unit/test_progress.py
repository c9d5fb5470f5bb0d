"""The bar on a terminal, and silence in a file."""

import rich.console

from alignfreeze.support import progress


def test_a_file_stays_empty(capsys):
    with progress.progress_bar("train", 3) as advance:
        advance(2, note="loss 1")
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_terminal_shows_what_is_done(monkeypatch, capsys):
    def terminal(stderr):
        return rich.console.Console(stderr=stderr, force_terminal=True, width=120)

    monkeypatch.setattr(progress, "Console", terminal)
    with progress.progress_bar("realign [0, 6]", 5, done=1) as advance:
        advance()
        advance(2, note="loss 0.5")
    shown = capsys.readouterr().err
    for text in ("realign [0, 6]", "4/5", "loss 0.5"):
        assert text in shown
