/* Comfort for the first run: how strong a password is, the browser's time zone, whether two clocks agree. */
(function () {
  "use strict";
  var strength = document.getElementById("strength");
  if (strength) {
    document.getElementById(strength.getAttribute("data-for")).addEventListener("input", function (event) {
      var length = event.target.value.length;
      var word = length < 10 ? "short" : length < 16 ? "fair" : "strong";
      strength.textContent = length ? strength.getAttribute("data-" + word) : "";
    });
  }
  var zone = document.querySelector("[data-own-zone]");
  if (zone && !zone.value && window.Intl) {
    var own = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    var known = Array.prototype.some.call(document.querySelectorAll("#zone-names option"), function (option) {
      return option.value === own;
    });
    zone.value = known ? own : "";
  }
  var clock = document.getElementById("clock");
  if (clock) {
    var away = Math.round(Math.abs(Date.now() - Number(clock.getAttribute("data-now-ms"))) / 60000);
    var said = clock.getAttribute(away < 2 ? "data-agree" : "data-differ");
    document.getElementById("clock-said").textContent = said.replace("{n}", String(away));
    clock.className = away < 2 ? "told" : "important";
  }
})();
