/* Draws the week, or the day by device, with the calendar that is kept unmodified beside this file. */
(function () {
  "use strict";
  var place = document.getElementById("picture");
  var table = document.getElementById("table");
  /* On a small screen the list is the better picture. */
  if (!place || !window.EventCalendar || window.matchMedia("(max-width: 48rem)").matches) {
    return;
  }
  var base = document.documentElement.getAttribute("data-base") || "";
  var rooms = place.getAttribute("data-view") === "rooms";
  var first = place.getAttribute("data-first");
  var twelve = place.getAttribute("data-hours") === "12";
  var clock = { hour: twelve ? "numeric" : "2-digit", minute: "2-digit", hourCycle: twelve ? "h12" : "h23" };
  var calendar;

  function plain(date) {
    var two = function (number) {
      return (number < 10 ? "0" : "") + number;
    };
    return date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate());
  }

  function address(from, to) {
    var device = place.getAttribute("data-device");
    return base + "/meetings/events.json?from=" + from + "&to=" + to + (device ? "&device=" + encodeURIComponent(device) : "");
  }

  function load(from, to) {
    return window.fetch(address(from, to), { credentials: "same-origin", headers: { Accept: "application/json" } }).then(function (answer) {
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      return answer.json();
    });
  }

  function span() {
    var from = new Date(first + "T00:00:00");
    var to = new Date(from);
    to.setDate(to.getDate() + (rooms ? 1 : 7));
    return [plain(from), plain(to)];
  }

  function whole(hour) {
    return (hour < 10 ? "0" : "") + hour + ":00";
  }

  /* The hours of the day, wider for what lies outside them; whole hours, so that the lines have round names. */
  function hours(said) {
    var least = 6;
    var most = 22;
    var timed = said.events.filter(function (event) {
      return !event.allDay;
    });
    timed.forEach(function (event) {
      var over = event.start.slice(0, 10) !== event.end.slice(0, 10);
      least = Math.min(least, over ? 0 : Number(event.start.slice(11, 13)));
      most = Math.max(most, over ? 24 : Number(event.end.slice(11, 13)) + 1);
    });
    return { slotMinTime: whole(least), slotMaxTime: whole(Math.min(most, 24)), allDaySlot: timed.length < said.events.length };
  }

  function options(said) {
    var shown = hours(said);
    return {
      view: rooms ? "resourceTimelineDay" : "timeGridWeek",
      date: first,
      firstDay: Number(place.getAttribute("data-first-day")),
      locale: document.documentElement.lang,
      headerToolbar: { start: "", center: "", end: "" },
      slotMinTime: shown.slotMinTime,
      slotMaxTime: shown.slotMaxTime,
      allDaySlot: shown.allDaySlot,
      slotHeight: 32,
      slotWidth: 56,
      slotEventOverlap: false,
      dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
      height: rooms ? undefined : "44rem",
      scrollTime: shown.slotMinTime < "06:00" ? shown.slotMinTime : "08:00",
      slotLabelFormat: clock,
      eventTimeFormat: clock,
      nowIndicator: true,
      editable: false,
      resources: said.resources,
      events: said.events,
      eventDidMount: function (info) {
        var more = info.event.extendedProps;
        info.el.title = info.timeText + " " + info.event.title + " - " + more.device + ": " + more.state;
      },
      eventClick: function (info) {
        window.location.assign(base + "/meetings/" + info.event.extendedProps.meeting);
      },
    };
  }

  /* The picture is for the mouse alone: its cells and buttons mean nothing to screen readers, and the list says it all. */
  function keepForTheMouse() {
    Array.prototype.forEach.call(place.querySelectorAll(":is([tabindex], button, a, .ec-main):not([tabindex='-1'])"), function (each) {
      each.setAttribute("tabindex", "-1");
    });
  }

  function show() {
    var asked = span();
    return load(asked[0], asked[1]).then(function (said) {
      if (calendar) {
        var shown = hours(said);
        Object.keys(shown).forEach(function (name) {
          calendar.setOption(name, shown[name]);
        });
        calendar.setOption("resources", said.resources);
        calendar.setOption("events", said.events);
        return;
      }
      if (rooms && said.resources.length === 0) {
        return; /* A picture without lines says less than the words of the list. */
      }
      place.hidden = false;
      place.setAttribute("aria-hidden", "true");
      new window.MutationObserver(keepForTheMouse).observe(place, { childList: true, subtree: true, attributeFilter: ["tabindex"] });
      calendar = window.EventCalendar.create(place, options(said));
      table.open = false;
    });
  }

  show().catch(function () {
    place.hidden = true;
    table.open = true;
  });

  var waiting = 0;
  ["live:meeting", "live:mirror"].forEach(function (name) {
    document.body.addEventListener(name, function () {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(function () {
        show().catch(function () {});
      }, 2000);
    });
  });
})();
