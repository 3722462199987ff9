// Small behaviours of the portal. Every page works without them, except that live tables then need a reload.
(function () {
  "use strict";

  // Texts stand on the page, in the reader's language.
  function said(name, english) {
    return document.body.dataset["said" + name[0].toUpperCase() + name.slice(1)] || english;
  }

  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }

  // The setup token stands behind the # of the link, so it reaches no server log; from there it goes into the form.
  function takeSetupToken() {
    var field = document.querySelector("[data-setup-token]");
    var found = /[#&]token=([^&]+)/.exec(window.location.hash);
    var row = field && field.closest("[data-setup-token-row]");
    if (row && field.value && !row.querySelector(".errorlist")) row.hidden = true;
    if (!field || !found) return;
    field.value = decodeURIComponent(found[1]);
    row.hidden = true;
    window.history.replaceState(null, "", window.location.pathname);
  }

  function copy(button) {
    var source = document.getElementById(button.dataset.copy);
    var text = source.value || source.textContent.trim();
    var done = function () {
      var label = button.querySelector("[data-label]");
      var before = label.textContent;
      label.textContent = said("copied", "Copied");
      window.setTimeout(function () { label.textContent = before; }, 1500);
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text).then(done);
      return;
    }
    var range = document.createRange();
    range.selectNodeContents(source);
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
  }

  // A form or button with data-confirm asks first, in a dialog that works with the keyboard.
  function confirmFirst(event) {
    var form = event.target, button = event.submitter;
    var asked = button && button.dataset.confirm ? button : form;
    var dialog = document.getElementById("confirm");
    if (!asked.dataset.confirm || !dialog || form.dataset.confirmed) return;
    event.preventDefault();
    dialog.querySelector("[data-text]").textContent = asked.dataset.confirm;
    dialog.querySelector("[data-yes]").textContent = asked.dataset.yes || said("yes", "Yes");
    dialog.returnValue = "";
    dialog.addEventListener("close", function () {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "1";
      form.requestSubmit(button);
    }, { once: true });
    dialog.showModal();
  }

  // The browser's passkey dialogue: ask for a challenge, let the device answer it, send the answer with the form.
  function askPasskey(form) {
    var isNew = "passkeyNew" in form.dataset;
    var note = form.querySelector("[data-passkey-error]");
    note.textContent = "";
    fetch(form.dataset.passkey, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error(said("again", "Load this page again and repeat it."));
      return answer.json();
    }).then(function (options) {
      var keys = window.PublicKeyCredential;
      return isNew ? navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options.publicKey) })
        : navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options.publicKey) });
    }).then(function (credential) {
      form.querySelector("[name=credential]").value = JSON.stringify(credential.toJSON());
      form.submit();
    }).catch(function (problem) {
      note.textContent = problem.name === "NotAllowedError" ? said("closed", "The dialogue was closed, or this browser does not trust the certificate.") : problem.message;
    });
  }

  function showPasskeys() {
    var works = window.PublicKeyCredential && window.PublicKeyCredential.parseRequestOptionsFromJSON;
    document.querySelectorAll("[data-passkey-part]").forEach(function (part) { part.hidden = !works; });
  }

  // The bar of bulk actions says how many rows are marked; the box in the heading marks all of the page.
  function showMarked(event) {
    var card = closest(event, ".table-card");
    if (!card) return;
    var boxes = card.querySelectorAll("tbody input[name=id]");
    if (event.target.matches("[data-mark-all]")) boxes.forEach(function (box) { box.checked = event.target.checked; });
    var marked = card.querySelectorAll("tbody input[name=id]:checked").length;
    var bar = card.querySelector("[data-marked]");
    if (bar) bar.textContent = marked + " ✓";
  }

  // Certificate and key may be picked as files; they are sorted into their fields here and sent as text.
  function takePemFiles(event) {
    if (!closest(event, "[data-pem-files]")) return;
    var form = event.target.form;
    Array.from(event.target.files).forEach(function (file) {
      file.text().then(function (text) {
        var field = form.elements[/PRIVATE KEY/.test(text) && !/BEGIN CERTIFICATE/.test(text) ? "key" : "chain"];
        field.value = field.name === "chain" && field.value ? field.value + "\n" + text : text;
      });
    });
    event.target.value = "";
  }

  function submitChoice(event) {
    if (closest(event, "[data-submit]")) event.target.form.requestSubmit();
  }

  // A canvas knows no variables: let the browser work the colour out.
  function color(name) {
    var probe = document.createElement("span");
    probe.style.color = "var(" + name + ")";
    document.body.appendChild(probe);
    var found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  function drawChart(box) {
    fetch(box.dataset.chart, { credentials: "same-origin" }).then(function (answer) { return answer.json(); }).then(function (data) {
      box.replaceChildren();
      var shown = data.series || [
        { label: said("attempts", "Attempts"), color: "--tblr-orange", values: data.attempts },
        { label: said("answered", "Answered"), color: "--tblr-primary", values: data.answered }
      ];
      if (box.ringfencePlot) box.ringfencePlot.destroy();
      box.ringfencePlot = null;
      var quiet = box.dataset.quiet && !shown.some(function (one) { return one.values.some(Boolean); });
      if (quiet || !data.times.length) {
        box.textContent = quiet ? box.dataset.quiet : box.dataset.empty || "–";
        return;
      }
      var axis = { stroke: color("--tblr-secondary"), grid: { stroke: color("--tblr-border-color"), width: 1 }, ticks: { show: false } };
      var step = data.step || (box.dataset.step === "day" ? 86400 : 3600), daily = step === 86400, half = step / 2;
      // The clock of the page, not of the browser; two hours more, so that a day with another summer time keeps its date.
      var say = function (at) {
        var local = new Date((at + (data.ahead || 0) + (daily ? 7200 : 0)) * 1000).toISOString();
        return daily ? local.slice(5, 10) : local.slice(11, 16);
      };
      var names = function (plot, splits) { return splits.map(say); };
      var bars = window.uPlot.paths.bars({ size: [0.7, 40] });
      var options = {
        width: box.clientWidth, height: 220, cursor: { drag: { setScale: false } },
        scales: { x: { range: function (plot, low, high) { return [low - half, high + half]; } }, y: { range: function (plot, low, high) { return [0, Math.max(4, high)]; } } },
        axes: [Object.assign({}, axis, { grid: { show: false }, values: names, space: 60 }), Object.assign({}, axis, { size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9] })],
        series: [{ label: daily ? said("day", "Day") : said("time", "Time"), value: function (plot, at) { return at ? say(at) : "–"; } }].concat(shown.map(function (one) {
          return { label: one.label, stroke: color(one.color), fill: color(one.color), width: 0, paths: bars, points: { show: false } };
        }))
      };
      box.ringfencePlot = new window.uPlot(options, [data.times].concat(shown.map(function (one) { return one.values; })), box);
    });
  }

  // A chart fits its box, and one with data-refresh stays up to date.
  function keepChart(box) {
    drawChart(box);
    window.addEventListener("resize", function () { if (box.ringfencePlot) box.ringfencePlot.setSize({ width: box.clientWidth, height: 220 }); });
    if (box.dataset.refresh) window.setInterval(function () { if (!document.hidden) drawChart(box); }, 1000 * box.dataset.refresh);
  }

  // A live table that cannot be refreshed says so instead of quietly growing old.
  function markStale(event, stale) {
    var note = document.getElementById("stale");
    if (note) note.hidden = !stale;
  }

  // Somebody reads the evidence, marks rows, listens, or moves through the list with the keyboard: it stands still meanwhile.
  // What somebody asks for by pressing a button is not held: the focus is on the button then.
  function holdStill(event) {
    var live = event.target;
    if (!live.querySelector || !/every/.test(live.getAttribute("hx-trigger"))) return;
    var plays = Array.from(live.querySelectorAll("audio")).some(function (audio) { return !audio.paused; });
    if (plays || live.querySelector("details[open], input[name=id]:checked") || live.contains(document.activeElement)) event.preventDefault();
  }

  // After a refused form one goes on where something is wrong, not at its beginning.
  function goToFirstFault() {
    var field = document.querySelector("main [aria-invalid=true]");
    if (field) field.focus();
  }

  // The menu is longer than most screens: it opens where one is.
  function showPlaceInMenu() {
    var here = document.querySelector("#menu [aria-current=page]");
    if (here) here.scrollIntoView({ block: "center" });
  }

  // A form that is sent may lead to a fresh proof, or to signing in again when the session was over. What was typed, but
  // nothing secret, waits in this tab for that long, and for the same person.
  var TYPED = "ringfence-typed", PROOF = /^\/(prove|sign-in(\/[a-z]+)?)$/;

  function here() { return window.location.pathname + window.location.search; }

  function typedIn(form) {
    return Array.from(form.elements).filter(function (field) {
      var kept = !/^(hidden|password|file|submit|reset|button|fieldset)$/.test(field.type);
      return field.name && kept && !("secret" in field.dataset);
    }).map(function (field) {
      var marks = /^(checkbox|radio)$/.test(field.type), many = field.type === "select-multiple";
      var options = many ? Array.from(field.options, function (option) { return option.selected; }) : null;
      return { field: field, name: field.name, value: marks ? field.checked : options || field.value };
    });
  }

  function keepTyped(event) {
    var form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post" || !document.getElementById("put-back")) return;
    var typed = typedIn(form).map(function (one) { return [one.name, one.value]; });
    var place = Array.from(document.forms).indexOf(form);
    window.sessionStorage.setItem(TYPED, JSON.stringify({ page: here(), place: place, typed: typed, who: document.getElementById("put-back").dataset.who }));
  }

  function putBack(field, value) {
    if (Array.isArray(value)) value.forEach(function (chosen, index) { if (field.options[index]) field.options[index].selected = chosen; });
    else if (typeof value === "boolean") field.checked = value;
    else field.value = value;
  }

  function putTypedBack() {
    if (PROOF.test(window.location.pathname)) return;
    var kept = JSON.parse(window.sessionStorage.getItem(TYPED) || "null"), note = document.getElementById("put-back");
    window.sessionStorage.removeItem(TYPED);
    var was = document.referrer && new URL(document.referrer).pathname;
    if (!kept || !note || !PROOF.test(was) || kept.page !== here() || kept.who !== note.dataset.who) return;
    var fields = document.forms[kept.place] ? typedIn(document.forms[kept.place]) : [];
    var same = fields.length === kept.typed.length && fields.every(function (one, index) { return one.name === kept.typed[index][0]; });
    if (!same) return;
    fields.forEach(function (one, index) { putBack(one.field, kept.typed[index][1]); });
    note.hidden = false;
  }

  // Pressed twice is sent once: the answer to the second would hide that to the first, a secret shown once with it.
  // After some seconds it may be sent again, for a file that was downloaded leaves the page where it was.
  function sendOnce(event) {
    var form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.setTimeout(function () { delete form.dataset.sent; }, 5000);
  }

  document.addEventListener("submit", confirmFirst, true);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("submit", keepTyped);
  document.addEventListener("htmx:beforeRequest", holdStill);
  document.addEventListener("change", showMarked);
  document.addEventListener("change", submitChoice);
  document.addEventListener("change", takePemFiles);
  document.addEventListener("click", function (event) {
    var button = closest(event, "[data-copy]");
    if (button) copy(button);
    if (closest(event, "[data-passkey-start]")) askPasskey(closest(event, "form"));
    if (closest(event, "[data-print]")) window.print();
    if (closest(event, "[data-theme-toggle]")) {
      window.ringfenceTheme();
      document.querySelectorAll("[data-chart]").forEach(drawChart);
    }
  });
  document.addEventListener("htmx:sendError", function (event) { markStale(event, true); });
  document.addEventListener("htmx:responseError", function (event) { markStale(event, true); });
  document.addEventListener("htmx:afterOnLoad", function (event) { markStale(event, false); });
  document.addEventListener("DOMContentLoaded", function () {
    takeSetupToken();
    showPasskeys();
    showPlaceInMenu();
    putTypedBack();
    goToFirstFault();
    document.querySelectorAll("[data-chart]").forEach(keepChart);
  });
})();
