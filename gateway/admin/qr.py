"""Draws a link as a QR code; which link, and where it is shown, is decided elsewhere."""

from __future__ import annotations


def qr_svg(text: str) -> str:
    """Return `text` as an inline SVG picture without any style (ISO/IEC 18004, level L); it holds numbers only."""
    import segno  # when the first picture is drawn; nobody else needs it

    code = segno.make(text, error="l", micro=False)
    return code.svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=4)
