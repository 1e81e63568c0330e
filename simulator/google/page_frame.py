"""The frame of every page of the simulated Google: banner, colours, layout; what is on a page is in its own module."""

from __future__ import annotations

from html import escape

BANNER = "SIMULATOR \u2013 NOT GOOGLE"

_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--surface:#f6f7f9;--text:#1b1f24;--muted:#57606a;--link:#0a5ad6;--line:#858d97;
--ok:#11703c;--warn:#8a5300;--error:#b3261e;--banner:#b3261e;--on-banner:#fff;--on-link:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--surface:#1d2127;--text:#e6e9ed;--muted:#a3abb6;--link:#7fb4ff;
--line:#6f7884;--ok:#6fd391;--warn:#f2b84b;--error:#ff8f87;--banner:#ff8f87;--on-banner:#3a1917;--on-link:#0b1a2e}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
.banner{background:var(--banner);color:var(--on-banner);font-weight:700;text-align:center;padding:.5rem 1rem;
letter-spacing:.06em}
main{max-width:60rem;margin:0 auto;padding:1rem}
main.narrow{max-width:38rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}
h2{font-size:1.125rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:1.5rem 0 .25rem;color:var(--muted)}
a{color:var(--link)}
.muted{color:var(--muted)}
.card{background:var(--surface);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.5rem 0}
.event{display:grid;gap:.25rem 1rem}
.event h4{margin:0;font-size:1rem}
.event p,.event ul{margin:0}
.event ul{padding-left:1.1rem}
.when{font-variant-numeric:tabular-nums}
.cancelled .when,.cancelled h4 a{text-decoration:line-through;color:var(--muted)}
.tag{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;font-size:.8125rem}
.accepted{color:var(--ok)}.declined,.gone{color:var(--error)}.tentative{color:var(--warn)}.needsAction{color:var(--muted)}
dl{display:grid;grid-template-columns:minmax(0,1fr);gap:0 1rem;margin:0}
dt{color:var(--muted);font-size:.875rem}dd{margin:0 0 .25rem}
pre{background:var(--surface);border:1px solid var(--line);border-radius:.5rem;padding:.75rem;overflow-x:auto;
font-size:.8125rem;line-height:1.4}
.notes{white-space:pre-line}
fieldset{border:1px solid var(--line);border-radius:.5rem;margin:1rem 0;padding:.5rem 1rem}
label{display:flex;gap:.75rem;align-items:flex-start;padding:.375rem 0}
input[type=radio],input[type=checkbox]{width:1.125rem;height:1.125rem;margin:.1875rem 0 0;flex:none}
.buttons{display:flex;flex-wrap:wrap;gap:.75rem;justify-content:flex-end;margin:1rem 0}
button{font:inherit;padding:.5rem 1.5rem;min-height:2.75rem;border-radius:.5rem;border:1px solid var(--link);
background:transparent;color:var(--link);cursor:pointer}
button.plain{border-color:transparent;padding-left:0;padding-right:0;text-decoration:underline;text-align:left}
button.small{padding:.25rem .75rem}
button.main{background:var(--link);color:var(--on-link)}
input[type=text],input[type=email],select,textarea{font:inherit;padding:.375rem .5rem;min-height:2.75rem;max-width:100%;
border:1px solid var(--line);border-radius:.375rem;background:var(--bg);color:var(--text)}
input[type=text],input[type=email],textarea{width:100%}
.field{display:block}.inline{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.5rem 0}
.simulator{border:2px dashed var(--line);border-radius:.5rem;padding:0 1rem 1rem;margin:2.5rem 0 1rem}
.simulator h2{margin-top:1rem}
.outcomes{list-style:none;margin:0;padding:0}
.outcomes li{display:grid;gap:.125rem 1rem;padding:.375rem 0;align-items:center}
.outcomes button{padding:.25rem .5rem;font-size:.9375rem;overflow-wrap:normal}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
@media (min-width:40rem){main{padding:1.5rem 2rem}.event{grid-template-columns:15rem 1fr}
.outcomes li{grid-template-columns:13.5rem 1fr}
dl{grid-template-columns:9rem 1fr}dt{padding-top:.125rem}}
""".strip()


def page(title: str, content: str, *, narrow: bool = False) -> str:
    """A whole HTML page; `content` is HTML already, `title` plain text."""
    kind = ' class="narrow"' if narrow else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f'<body><div class="banner" role="banner">{BANNER}</div>\n<main{kind}>\n{content}\n</main></body></html>\n'
    )
