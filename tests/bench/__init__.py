"""The bench: `python -m tests.bench` measures the gateway beside its floors and prints one report; it never fails."""
