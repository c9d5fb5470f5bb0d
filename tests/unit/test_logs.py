import subprocess
import sys

from support import ROOT

CODE = """
import sys
from alignfreeze.support.errors import InputError
from alignfreeze.support.logs import configure_logging
import logging
configure_logging(sys.argv[1])
logging.getLogger("alignfreeze.x").info("kept 3 of 4")
raise {error}
"""


def run(tmp_path, error):
    log = tmp_path / "new" / "job.log"
    command = [sys.executable, "-c", CODE.replace("{error}", error), str(log)]
    result = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert result.returncode == 1
    return log.read_text(), result.stderr


def test_wrong_input_is_one_line_in_the_log_and_on_the_terminal(tmp_path):
    log, terminal = run(tmp_path, "InputError('de.txt:3: bad')")
    assert "INFO kept 3 of 4" in log
    assert "kept" not in terminal
    assert log.split("\n")[1].endswith("ERROR de.txt:3: bad")
    assert terminal.strip().endswith("ERROR de.txt:3: bad")
    assert "Traceback" not in log + terminal


def test_other_errors_keep_their_traceback(tmp_path):
    log, terminal = run(tmp_path, "ZeroDivisionError('x')")
    assert "Traceback" in log
    assert "ZeroDivisionError: x" in terminal
