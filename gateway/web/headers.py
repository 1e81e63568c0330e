"""The headers of every answer to a browser; which answer it is, and whether it may be kept, is decided elsewhere."""

from __future__ import annotations

from types import MappingProxyType

from gateway.web.problem import SERVER

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FOR_BROWSERS = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Server": SERVER,
    }
)
"""OWASP ASVS 5.0, 3.4: no script, style or frame that is not ours, no guessing of types, no address for others."""
