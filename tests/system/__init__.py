"""What needs strace or root; run by `make test-system`, never by `make test`."""
