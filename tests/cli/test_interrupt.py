"""Ctrl-C, and a signal to swage alone: it ends at once, with what it runs, and says so."""
import os
import signal
import socket
import time


def ends_on_an_interrupt(process):
    """Only swage has the signal, as of a supervisor: not what it runs."""
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err.splitlines()[-1]) == (130, "", "error: interrupted"), err


def test_an_interrupt_ends_what_is_asked_of_apt(swage, tmp_path):
    program = tmp_path / "bin/apt-config"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    swage.env["PATH"] = f"{program.parent}:{swage.env['PATH']}"
    ends_on_an_interrupt(swage.start("lock"))


def test_an_interrupt_ends_a_clone(planner):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ends_on_an_interrupt(planner.start("plan", "linux@6.1", "--src", f"git://127.0.0.1:{silent.getsockname()[1]}/x.git"))
