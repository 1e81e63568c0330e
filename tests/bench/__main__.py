"""The command `python -m tests.bench [--quick] [--only PHASE]`: sets up, measures, prints the report and exits 0."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import machine
from tests.bench.client import Client
from tests.bench.load import Callers
from tests.bench.measuring import PHASES, Measuring
from tests.bench.plan import FULL, QUICK
from tests.bench.report import report

_PACKAGES = Path(__file__).parent.parent / "system" / "debian-packages.sh"
_ON_DISK = Path("/var/tmp")
"""Where data goes unless told: /tmp is in memory on many systems, and there a sync costs nothing."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a minute, more noise")
    parser.add_argument("--folder", type=Path, help="where the data goes while it is measured (default /var/tmp)")
    parser.add_argument("--only", choices=PHASES, default="", help="measure only this")
    args = parser.parse_args()
    # What it may not install it names, and the bench goes on with its own callers and without the count of syncs.
    subprocess.run(["sh", str(_PACKAGES), "wrk", "strace"], check=False, stdout=sys.stderr)
    where = args.folder or (_ON_DISK if _ON_DISK.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-", dir=where) as folder:
        asyncio.run(_measure(Path(folder), quick=args.quick, only=args.only, tell=_tell))


async def _measure(folder: Path, *, quick: bool, only: str, tell: Callable[[str], None]) -> None:
    callers = Callers(folder)
    async with Client() as client:
        plan = QUICK if quick else FULL
        measuring = Measuring(folder=folder, plan=plan, callers=callers, client=client, tell=tell)
        kind = machine.file_system(folder)
        measuring.figures.facts.update(
            {
                "machine": machine.described(),
                "data on": f"{folder.parent} ({kind})" + (" IN MEMORY: SYNCS COST NOTHING" if _free(kind) else ""),
                "callers": callers.name,
                "rounds": f"{plan.rounds} of {plan.seconds:g} s" + (" (--quick)" if quick else ""),
            }
        )
        print(report(await measuring.everything(only)))


def _free(kind: str) -> bool:
    return kind in machine.IN_MEMORY


def _tell(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
