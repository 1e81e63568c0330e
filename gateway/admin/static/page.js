/* Comfort for the pages: copying, showing, dropping, saying that something is under way. Every page works without it. */
(function () {
  "use strict";
  var all = function (what, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(what));
  };

  /* Buttons that do nothing without a script are hidden until there is one. */
  function reveal(root) {
    all("[data-js]", root).forEach(function (element) {
      element.hidden = false;
    });
  }

  function say(text) {
    var line = document.getElementById("said");
    if (line) {
      line.textContent = "";
      window.setTimeout(function () {
        line.textContent = text;
      }, 50);
    }
  }

  /* The clipboard of browsers needs https or this machine; elsewhere the old way still works. */
  function copied(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text);
    }
    var box = document.createElement("textarea");
    box.value = text;
    box.setAttribute("readonly", "");
    box.className = "unseen";
    document.body.appendChild(box);
    box.select();
    var done = document.execCommand("copy");
    box.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("refused"));
  }

  function copy(button) {
    var from = button.getAttribute("data-copy-from");
    var source = from && document.getElementById(from);
    var text = source ? source.value || source.textContent.trim() : button.getAttribute("data-copy");
    var before = button.getAttribute("data-label") || button.textContent;
    button.setAttribute("data-label", before);
    copied(text).then(
      function () {
        button.textContent = "Copied";
        say("Copied.");
        window.setTimeout(function () {
          button.textContent = before;
        }, 2000);
      },
      function () {
        if (source && source.select) {
          source.focus();
          source.select();
        }
        say("Your browser did not allow it. Press Ctrl+C (Mac: Cmd+C).");
      }
    );
  }

  function show(button) {
    var field = document.getElementById(button.getAttribute("data-show"));
    var shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-copy],[data-copy-from],[data-show]");
    if (button) {
      (button.hasAttribute("data-show") ? show : copy)(button);
    }
  });

  /* One press is enough; the button keeps its place and says what is under way. */
  var left = false;
  document.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter;
    if (form.target === "_blank") {
      left = true;
      return;
    }
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    var busy = button && button.getAttribute("data-busy");
    if (busy) {
      button.setAttribute("data-label", button.textContent);
      button.textContent = busy;
      button.setAttribute("aria-busy", "true");
      say(busy);
      window.setTimeout(function () {
        say("There is no answer yet. It can take a minute when the network is slow.");
      }, 20000);
    }
  });
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) {
      return;
    }
    all("[aria-busy=true]").forEach(function (element) {
      element.removeAttribute("aria-busy");
      if (element.hasAttribute("data-busy")) {
        element.textContent = element.getAttribute("data-label");
      }
    });
  });

  /* Back from Google's tab: what stands at the top of the page may have changed. */
  function back() {
    if (left && document.visibilityState === "visible" && window.htmx) {
      window.htmx.trigger(document.body, "came-back");
    }
  }
  document.addEventListener("visibilitychange", back);
  document.addEventListener("focusin", function (event) {
    if (event.target.id === "code") {
      back();
    }
  });

  /* A file may also be dropped on its field's frame. */
  all("[data-drop]").forEach(function (frame) {
    var field = frame.querySelector("input[type=file]");
    ["dragenter", "dragover", "dragleave", "drop"].forEach(function (name) {
      frame.addEventListener(name, function (event) {
        event.preventDefault();
        frame.classList.toggle("dropping", name === "dragenter" || name === "dragover");
        if (name === "drop" && event.dataTransfer.files.length) {
          field.files = event.dataTransfer.files;
          say("File chosen: " + field.files[0].name);
        }
      });
    });
  });

  /* What was recognised as a secret does not stay in the box. */
  document.addEventListener("htmx:afterSwap", function (event) {
    reveal(event.detail.target);
    all("[data-clear]", event.detail.target).forEach(function (found) {
      document.getElementById(found.getAttribute("data-clear")).value = "";
    });
  });

  reveal(document);
  var problem = document.getElementById("problem");
  if (problem) {
    problem.focus();
  }
  var alone = document.querySelector("form[data-at-once]");
  if (alone) {
    alone.requestSubmit(alone.querySelector("button"));
  }
})();
