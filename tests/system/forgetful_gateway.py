"""The gateway with a database that does not wait for the disk: what the test of the answers' order must find out.

python -m tests.system.forgetful_gateway --config FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

from gateway.app.serving import running
from gateway.clock import SystemClock
from gateway.config import Config, load
from gateway.store.database import Database
from gateway.store.folder import DataFolder


def forgetful_database(folder: DataFolder) -> Database:
    """Return a database whose commits may still be lost with the power when they return."""
    return Database(folder.database, synchronous="NORMAL")


async def serve(config: Config) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running(config, SystemClock(), open_database=forgetful_database) as gateway:
        print(json.dumps({"event": "ready", "http": gateway.listener.url, "pid": os.getpid()}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    known, _ = parser.parse_known_args()
    asyncio.run(serve(load(known.config, os.environ)))
