"""The register of devices this gateway serves; no HTTP."""
