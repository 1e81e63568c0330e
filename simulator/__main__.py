"""`python -m simulator`: the same as the command `meeting-simulator`; nothing else lives here."""

import sys

from simulator.cli import main

sys.exit(main())
