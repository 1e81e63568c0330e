/* Keeps open pages up to date: one stream of events for all tabs of a browser; where that is blocked, a question every
   15 s. Each event becomes "live:<noun>" and "live:any" on the body, for htmx. */
(function () {
  "use strict";
  var body = document.body, bar = document.getElementById("connection"), htmx = window.htmx;
  var address = document.currentScript.src.replace(/static\/live\.js.*/, "live");
  var nouns = ["meeting", "device", "google", "mirror", "calendar", "admin", "directory", "setting"];
  var tabs = window.BroadcastChannel && navigator.locks ? new BroadcastChannel("gateway-live") : null;
  var source, release, last = "", lost = false, refused = 0, waiting = {}, busy = false, held = {}, timers = {};
  if (!htmx) {
    return;
  }

  function after(name, seconds, work) {
    clearTimeout(timers[name]);
    timers[name] = work && setTimeout(work, seconds * 1000);
  }

  /* A burst of events refreshes each part of a page once. */
  function news(noun) {
    waiting["live:" + (noun === "occurrence" ? "meeting" : noun)] = waiting["live:any"] = 1;
    if (!busy) {
      busy = true;
      after("flush", 0.3, flush);
    }
  }

  function flush() {
    var names = Object.keys(waiting);
    waiting = {};
    busy = names.length > 0;
    names.forEach(function (name) {
      htmx.trigger(body, name);
    });
    after("flush", 1.5, busy && flush);
  }

  function everything() {
    nouns.forEach(news);
  }

  function say(isLost) {
    if (isLost === lost) {
      return;
    }
    lost = isLost;
    if (bar) {
      bar.textContent = bar.getAttribute(lost ? "data-lost" : "data-back");
      bar.classList.toggle("lost", lost);
      after("bar", 5, !lost && function () {
        bar.textContent = "";
      });
    }
    lost || everything();
  }

  function hear(what) {
    last = what.id || last;
    what.reset && everything();
    what.noun && news(what.noun);
    "lost" in what && say(what.lost);
    what.joined && source && tabs.postMessage({ lost: lost, id: last });
  }

  function tell(what) {
    hear(what);
    tabs && tabs.postMessage(what);
  }

  function works() {
    after("lost", 0, 0);
    tell({ lost: false });
  }

  function fails() {
    if (!lost && !timers.lost) {
      after("lost", 5, function () {
        tell({ lost: true });
      });
    }
  }

  function event(row) {
    tell(row.action === "reset" ? { reset: 1, id: row.id } : { noun: row.action && row.action.split(".")[0], id: row.id });
  }

  function open() {
    if (!window.EventSource || refused > 1) {
      return ask();
    }
    source = new EventSource(address + "?unnamed&since=" + last);
    after("open", 10, function () {
      refused = 2;
      source.close();
      ask();
    });
    source.onopen = function () {
      after("open", 0, 0);
      works();
    };
    source.onmessage = function (message) {
      event(JSON.parse(message.data));
    };
    source.onerror = function () {
      after("open", 0, 0);
      fails();
      if (source.readyState === 2) {
        refused++;
        ask();
      }
    };
  }

  function ask() {
    fetch(address + "?since=" + last, { headers: { Accept: "application/json", "X-Unasked": "yes" } }).then(function (answer) {
      if (answer.redirected || answer.status === 401) {
        after("lost", 0, 0);
        return htmx.trigger(body, "live-ended");
      }
      return answer.json().then(function (found) {
        var anew = lost && window.EventSource;
        refused = anew ? 0 : refused;
        works();
        found.reset && last && everything();
        found.events.forEach(event);
        last = found.id;
        after("ask", anew ? 0 : 15, open);
      });
    }).catch(function () {
      fails();
      after("ask", 5, ask);
    });
  }

  function start() {
    if (!tabs) {
      return open();
    }
    tabs.onmessage = function (message) {
      hear(message.data);
    };
    tabs.postMessage({ joined: 1 });
    navigator.locks.request("gateway-live", function () {
      open();
      return new Promise(function (done) {
        release = done;
      });
    });
  }

  /* What is refreshed by itself does not change under somebody's hands, nor while it is paused. A link with an id is no
     obstacle: htmx puts the focus back on it. */
  function isLive(detail) {
    var cause = (detail.requestConfig || detail).triggeringEvent;
    return cause && cause.type.indexOf("live:") === 0 && cause.type;
  }

  body.addEventListener("htmx:beforeRequest", function (got) {
    var part = got.detail.elt, name = isLive(got.detail);
    if (name && (part.closest("[data-paused]") || (part.contains(document.activeElement) && !document.activeElement.matches("a[id]")))) {
      got.preventDefault();
      held[name] = 1;
    }
  });
  function letGo() {
    Object.keys(held).forEach(function (name) {
      news(name.slice(5));
    });
    held = {};
  }
  body.addEventListener("focusout", letGo);
  body.addEventListener("click", function (got) {
    var button = got.target.closest && got.target.closest("[data-pause]");
    if (button) {
      var paused = document.getElementById(button.getAttribute("data-pause")).toggleAttribute("data-paused");
      button.setAttribute("aria-pressed", String(paused));
      paused || letGo();
    }
  });
  window.addEventListener("pagehide", function () {
    source && source.close();
    Object.keys(timers).forEach(function (name) {
      after(name, 0, 0);
    });
    release && release();
  });
  window.addEventListener("pageshow", function (got) {
    if (got.persisted) {
      start();
      everything();
    }
  });
  start();
})();
