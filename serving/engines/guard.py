"""Keeps vLLM from outliving the gateway, and its helper processes from outliving vLLM.

Takes: a command to run (arguments) and an open standard input, which the gateway never writes to.
Gives: the child's process id as one line on standard output, then the child's exit status as its own.
Does not: log, restart, or import anything but the standard library (it runs as a file, in a bare interpreter).

The gateway may be killed in a way that it cannot react to (kill -9). The kernel then closes its end of our standard
input, which is what ends everything here. vLLM's API server in turn starts an engine process that would outlive a
killed API server; both are in one process group, which is ended as a whole.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_GRACE_S = 5.0


def _die_with_guard() -> None:
    # Runs in the child between fork and exec; the guard has one thread only, so this is safe here.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError):  # nothing of the group is left, which is what we want
        os.killpg(group, number)


def main(command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; returns its exit status (128 + n for signal n)."""
    child = subprocess.Popen(  # noqa: S603  # the command is the gateway's own
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
        preexec_fn=_die_with_guard,  # noqa: PLW1509  # see there
    )
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    ended = os.pidfd_open(child.pid)
    stdin = sys.stdin.fileno()
    ready, _, _ = select.select([ended, stdin], [], [])
    if ended not in ready:
        _signal_group(child.pid, signal.SIGTERM)
        select.select([ended], [], [], _GRACE_S)
    _signal_group(child.pid, signal.SIGKILL)
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # A Ctrl-C in the terminal reaches the whole foreground group; the gateway decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
