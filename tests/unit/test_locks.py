import os
import signal
import subprocess
import sys
import time

import pytest
from support import child_environment

from alignfreeze.support.locks import only_one

HOLD = """
import sys, time
from alignfreeze.support.locks import only_one
with only_one(sys.argv[1], "work"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(path, seconds):
    """A process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    child = subprocess.Popen(command, env=child_environment(), stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    return child


def test_second_process_waits_for_the_first_and_says_so(tmp_path, caplog):
    path = tmp_path / "state" / "run.lock"
    with holder(path, 1.0) as child, only_one(path, "results/x"):
        assert child.wait() == 0
        assert path.is_file(), "removed by the first, made anew"
    assert not path.exists()
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "results/x: another process is at it, of an earlier run perhaps"
    ]


def test_lock_of_a_killed_process_is_nobodys(tmp_path):
    path = tmp_path / "run.lock"
    with holder(path, 600) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert path.exists()
        started = time.monotonic()
        with only_one(path, "work"):
            assert time.monotonic() - started < 5
    assert not path.exists()


def test_error_inside_lifts_the_lock(tmp_path):
    path = tmp_path / "run.lock"
    with pytest.raises(KeyError), only_one(path, "work"):
        raise KeyError
    assert not path.exists()
