/* Numbers beside the lines of the editor, marked where something is wrong; a mistake leads to its line. */
(function () {
  "use strict";
  var text = document.getElementById("text");
  var frame = text && text.closest(".editor");
  if (!frame) {
    return;
  }
  var gutter = document.createElement("pre");
  var shown = "";
  gutter.className = "gutter";
  gutter.setAttribute("aria-hidden", "true");
  frame.insertBefore(gutter, text);

  /* Both begin and move at the same height, whatever the borders of a text area are. */
  function follow() {
    var style = window.getComputedStyle(text);
    gutter.style.paddingTop = text.clientTop + parseFloat(style.paddingTop) + "px";
    gutter.scrollTop = text.scrollTop;
  }

  function wrong() {
    var found = {};
    Array.prototype.forEach.call(document.querySelectorAll("#mistakes [data-line]:not([data-advice])"), function (each) {
      found[each.getAttribute("data-line")] = true;
    });
    return found;
  }

  function number() {
    var lines = text.value.split("\n").length;
    var marked = wrong();
    var state = lines + ":" + Object.keys(marked).join();
    if (state !== shown) {
      shown = state;
      gutter.textContent = "";
      var plain = "";
      for (var line = 1; line <= lines; line += 1) {
        if (marked[line]) {
          var bad = document.createElement("b");
          bad.textContent = line;
          gutter.append(plain, bad);
          plain = "\n";
        } else {
          plain += line + "\n";
        }
      }
      /* Room for the bar that a text area may have below its lines. */
      gutter.append(plain + "\n\n");
      gutter.style.width = "calc(" + String(lines).length + "ch + 0.75rem)";
    }
    follow();
  }

  function lead(event) {
    var link = event.target.closest && event.target.closest("[data-line]");
    if (!link) {
      return;
    }
    event.preventDefault();
    var wanted = Number(link.getAttribute("data-line"));
    var lines = text.value.split("\n");
    var start = lines.slice(0, wanted - 1).join("\n").length + (wanted > 1 ? 1 : 0);
    text.focus();
    frame.scrollIntoView({ block: "nearest" });
    text.setSelectionRange(start, start + (lines[wanted - 1] || "").length);
    text.scrollTop = Math.max(0, (wanted - 5) * parseFloat(window.getComputedStyle(text).lineHeight));
  }

  text.addEventListener("input", number);
  text.addEventListener("scroll", follow);
  new window.ResizeObserver(follow).observe(text);
  document.addEventListener("htmx:afterSwap", number);
  document.addEventListener("click", lead);
  number();
})();
