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

  /* The words of the page are those of its language. */
  function word(name) {
    return document.body.getAttribute("data-said-" + name) || "";
  }

  function say(text) {
    var line = document.getElementById("said") || document.getElementById("spoken");
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
    var label = button.querySelector("span") || button;
    var before = button.getAttribute("data-label") || label.textContent;
    button.setAttribute("data-label", before);
    copied(text).then(
      function () {
        label.textContent = word("copied");
        say(word("copied"));
        window.setTimeout(function () {
          label.textContent = before;
        }, 2000);
      },
      function () {
        if (source && source.select) {
          source.focus();
          source.select();
        }
        say(word("by-hand"));
      }
    );
  }

  function show(button) {
    var field = document.getElementById(button.getAttribute("data-show"));
    var shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = word(shown ? "hide" : "show");
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
    if (event.defaultPrevented) {
      return;
    }
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
        say(word("slow"));
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
          say(word("chosen").replace("{name}", field.files[0].name));
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

  /* What the page asks for by itself does not keep anybody signed in. */
  document.addEventListener("htmx:configRequest", function (event) {
    var by = event.detail.triggeringEvent;
    event.detail.headers["X-Browser-Time"] = String(Date.now());
    if (!by || !by.isTrusted) {
      event.detail.headers["X-Unasked"] = "yes";
    } else {
      used();
    }
  });

  /* Menus close when somebody goes on elsewhere. */
  function closeMenus(but) {
    all("details.menu[open]").forEach(function (menu) {
      if (menu !== but) {
        menu.open = false;
      }
    });
  }
  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest && event.target.closest("details.menu"));
  });
  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) {
      closeMenus();
      menu.querySelector("summary").focus();
    }
  });

  /* On small screens the list of pages is folded; on wide ones it is always there. */
  var narrow = window.matchMedia("(max-width: 52rem)");
  function fold() {
    all("[data-folds]").forEach(function (menu) {
      menu.open = !narrow.matches;
    });
  }
  narrow.addEventListener("change", fold);
  fold();
  document.documentElement.setAttribute("data-ready", "");

  /* Two minutes before the session ends for want of use somebody is asked. Tabs of one browser share their use. */
  var ending = document.getElementById("ending");
  var WARN_MS = 120000;
  var lastUse = 0;
  function used() {
    lastUse = Date.now();
    try {
      window.localStorage.setItem("used", String(lastUse));
    } catch (ignored) {
      /* A browser that keeps nothing has one tab's time only. */
    }
  }
  function lastUseAnywhere() {
    try {
      return Math.max(lastUse, Number(window.localStorage.getItem("used")) || 0);
    } catch (ignored) {
      return lastUse;
    }
  }
  function watchEnd() {
    var left = Number(ending.getAttribute("data-idle-s")) * 1000 - (Date.now() - lastUseAnywhere());
    if (left <= 0) {
      var words = document.getElementById("ending-words");
      words.textContent = words.getAttribute("data-over");
      all("#ending-title, #ending form", ending).forEach(function (gone) {
        gone.hidden = true;
      });
      window.setTimeout(watchEnd, 5000);
      return;
    }
    if (left <= WARN_MS && !ending.open) {
      ending.showModal();
    }
    if (left > WARN_MS && ending.open) {
      ending.close();
    }
    window.setTimeout(watchEnd, Math.max(1000, Math.min(left - WARN_MS, 60000)));
  }
  if (ending && ending.showModal) {
    used();
    watchEnd();
    ending.querySelector("form").addEventListener("submit", function (event) {
      event.preventDefault();
      window
        .fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) })
        .then(function (answer) {
          if (answer.ok) {
            used();
            ending.close();
          }
        })
        .catch(function () {
          say(word("slow"));
        });
    });
  }

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
