"""Makes `python -m gateway` the same as the installed command; nothing else."""

import sys

from gateway.cli import main

sys.exit(main())
