"""Runs the gateway and kills it with SIGKILL the Nth time a named function is entered or left.

    python -m tests.journey.kill_at gateway.store.outbox:claim_due:return:1 --config … serve

The interpreter's own profiling hook watches; the gateway is not changed and does not know.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from gateway.cli import main


def watch(point: str) -> None:
    """Arm the trap: `module:qualified name:call|return:nth`."""
    module, name, event, nth = point.split(":")
    left = int(nth)
    lock = threading.Lock()

    def profile(frame: FrameType, happened: str, _arg: object) -> None:
        nonlocal left
        if happened != event or frame.f_code.co_qualname != name or frame.f_globals.get("__name__") != module:
            return
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(profile)
    sys.setprofile(profile)


if __name__ == "__main__":
    watch(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
