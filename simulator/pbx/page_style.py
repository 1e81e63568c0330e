"""The one style sheet of the simulated PBX's page; small, inline, light and dark, 320 to 1280 pixels."""

STYLE = """
:root{--bg:#fff;--surface:#f6f7f9;--text:#1b1f24;--muted:#57606a;--main:#0a5ad6;--on-main:#fff;--border:#858d97;
--ok:#11703c;--warn:#8a5300;--warn-bg:#fff4e0;--error:#b3261e;--error-bg:#fdeceb;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--surface:#1d2127;--text:#e6e9ed;--muted:#a3abb6;--main:#7fb4ff;
--on-main:#0b1a2e;--border:#6f7884;--ok:#6fd391;--warn:#f2b84b;--warn-bg:#36280d;--error:#ff8f87;--error-bg:#3a1917}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif}
.banner{background:var(--warn-bg);color:var(--warn);border-bottom:2px solid var(--warn);padding:.5rem 1rem;
text-align:center;font-weight:700;letter-spacing:.04em}
main{max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.5rem 0}
h2{font-size:1.1rem;margin:0}
p{margin:.4rem 0}
.muted,.hint{color:var(--muted);font-size:.9rem}
.crumbs{color:var(--muted);font-size:.9rem}
a{color:var(--main)}
.note{border:1px solid;border-radius:6px;padding:.6rem .9rem;margin:.8rem 0}
.note.ok{color:var(--ok)}
.note.warn{color:var(--warn);background:var(--warn-bg)}
.note.error{color:var(--error);background:var(--error-bg)}
.note ul{margin:.3rem 0 0;padding-left:1.2rem}
.card{background:var(--surface);border:1px solid var(--border);border-radius:8px;padding:.9rem;margin:.8rem 0;
overflow-wrap:anywhere}
.row{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end}
.grid{display:grid;grid-template-columns:1fr;gap:.9rem 2rem}
@media(min-width:45rem){.grid{grid-template-columns:1fr 1fr}}
.item{min-width:0}
.item label,.item legend{display:block;font-weight:600}
.item.tick label{display:flex;gap:.6rem;align-items:center;min-height:40px}
fieldset{border:0;margin:0;padding:0;min-width:0}
.req::before{content:"* ";color:var(--error)}
input,select,textarea,button,.button{font:inherit;min-height:40px;border-radius:6px;border:1px solid var(--border);
padding:.35rem .6rem;background:var(--bg);color:var(--text);max-width:100%}
input:not([type=checkbox]),select,textarea{width:100%}
.row input{width:auto;min-width:0;flex:1 1 8rem}
input[type=checkbox]{width:22px;min-height:22px;flex:none}
button,.button{display:inline-block;text-decoration:none;cursor:pointer;font-weight:600}
.primary{background:var(--main);color:var(--on-main);border-color:var(--main)}
.danger{color:var(--error);border-color:var(--error)}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
summary{min-height:40px;display:inline-flex;align-items:center;cursor:pointer;font-weight:600;color:var(--main)}
"""
