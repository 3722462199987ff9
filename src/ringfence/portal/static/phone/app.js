// @ts-check
// The page: puts line, calls, lists and devices together.
import { Card } from "./card.js";
import { Devices } from "./devices.js";
import { Line } from "./line.js";
import { showCalls, showVoicemails } from "./lists.js";
import { notify, permitNotices, withdraw } from "./notice.js";
import { Ringer } from "./ringer.js";
import { Refusal, ask } from "./server.js";
import { say } from "./words.js";

const STATE_EVERY = 60_000;
const OVER_SHOWN = 2_500;

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);
const page = at("phone");
const number = at("number");
const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
const devices = new Devices();
const ringer = new Ringer();
const line = new Line(page.dataset.sockets.split(" ").filter(Boolean), token, devices);
/** @type {Map<import("./call.js").Call, Card>} */
const cards = new Map();

/** @param {string} text */
function tell(text) {
  at("told").textContent = text;
}

function live() {
  return [...cards.keys()].filter((call) => call.state !== "over");
}

/** One person speaks with one other at a time. @param {import("./call.js").Call} [but] */
function holdOthers(but) {
  for (const call of live()) if (call !== but && call.state === "up" && !call.held) call.hold();
}

/** @type {import("./card.js").Desk} */
const desk = {
  answer(call, video) {
    holdOthers(call);
    call.answer(video);
  },
  resume(call) {
    holdOthers(call);
    call.resume();
  },
  others: (call) => live().filter((one) => one !== call && one.state === "up" && one.held).reverse(),
  tell,
};

/** @param {string} wanted @param {boolean} [video] */
function dial(wanted, video = false) {
  if (!wanted.trim()) return number.focus();
  if (line.state !== "on") return tell(say("not_registered"));
  holdOthers();
  line.call(wanted, video);
  number.value = "";
}

function sound() {
  const calls = live();
  const incoming = calls.some((call) => call.state === "incoming");
  const talking = calls.some((call) => call.state === "up" && !call.held);
  const waits = calls.some((call) => call.state === "ringing" && !call.early);
  ringer.play(incoming ? (talking ? "waiting" : "ring") : waits ? "ringback" : "");
  document.title = incoming ? say("title_incoming") : page.dataset.title;
  at("no-calls").hidden = cards.size > 0;
}

/** @param {import("./call.js").Call} call */
function arrive(call) {
  const card = new Card(call, desk, devices);
  cards.set(call, card);
  at("calls-now").prepend(card.root);
  call.addEventListener("change", () => changed(call));
  if (call.incoming) {
    ringer.allow();
    if (document.hidden || !document.hasFocus()) notify(call.id, say("incoming", { number: call.name || call.number }), call.number);
  }
  changed(call);
}

/** @param {import("./call.js").Call} call */
function changed(call) {
  if (call.state !== "incoming") withdraw(call.id);
  if (call.state === "over") {
    const card = cards.get(call);
    setTimeout(() => {
      card?.remove();
      cards.delete(call);
      sound();
      showCalls(dial).catch(() => {});
    }, OVER_SHOWN);
  }
  for (const card of cards.values()) if (card.call !== call) card.draw();
  sound();
}

function drawLine() {
  const shown = at("line-state");
  shown.textContent = say(`line_${line.state}`, { reason: line.reason });
  shown.dataset.state = line.state;
  at("ended").hidden = line.state !== "ended";
}

async function look() {
  try {
    const { new_messages: unheard } = await ask("/phone/state");
    at("unheard").textContent = unheard || "";
    at("unheard").hidden = !unheard;
  } catch (problem) {
    if (problem instanceof Refusal && problem.status === 401) {
      line.stop();
      line.state = "ended";
      drawLine();
    }
  }
}

function drawDevices() {
  for (const select of document.querySelectorAll("select[data-kind]")) {
    const box = /** @type {HTMLSelectElement} */ (select);
    const kind = /** @type {any} */ (box.dataset.kind);
    const found = devices.of(kind);
    const options = found.map((one, index) => new Option(one.label || `${say("device")} ${index + 1}`, one.deviceId));
    box.replaceChildren(new Option(say("usual_device"), ""), ...options);
    box.value = devices.chosen(kind);
    box.disabled = !found.length;
  }
}

/** @param {Event} event */
async function choose(event) {
  const box = /** @type {HTMLSelectElement} */ (event.target);
  const kind = /** @type {any} */ (box.dataset.kind);
  devices.choose(kind, box.value);
  for (const card of cards.values()) {
    if (kind === "audiooutput") devices.playOn(card.audio);
    else if (card.call.state === "up") {
      const video = card.call.session.connection?.getSenders().some((/** @type {any} */ one) => one.track?.kind === "video");
      await card.call.use(await navigator.mediaDevices.getUserMedia(devices.constraints(Boolean(video))));
    }
  }
}

async function permit() {
  await ringer.allow();
  try {
    await devices.permit();
  } catch {
    tell(say("no_microphone"));
  }
  await permitNotices();
  drawPermits();
}

function drawPermits() {
  const heard = devices.of("audioinput").some((one) => one.label);
  const asked = !("Notification" in window) || Notification.permission !== "default";
  at("permits").hidden = heard && asked && ringer.allowed;
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const calls = live();
  const current = calls.find((call) => call.state === "up" && !call.held) || calls[0];
  const incoming = calls.find((call) => call.state === "incoming");
  const keys = /** @type {Record<string, () => void>} */ ({
    KeyN: () => number.focus(),
    KeyA: () => incoming && desk.answer(incoming, false),
    KeyX: () => (incoming || current)?.hangUp(),
    KeyH: () => current?.state === "up" && (current.held ? desk.resume(current) : current.hold()),
    KeyM: () => current?.state === "up" && current.toggleMute(),
  });
  if (!keys[event.code]) return;
  event.preventDefault();
  keys[event.code]();
}

function wire() {
  at("dial").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    dial(number.value, /** @type {any} */ (event.submitter)?.value === "video");
  });
  at("pad").addEventListener("click", (/** @type {any} */ event) => {
    const tone = event.target.closest("[data-tone]")?.dataset.tone;
    if (tone) number.value += tone;
  });
  at("permit").addEventListener("click", permit);
  at("clean").checked = devices.clean;
  at("clean").addEventListener("change", () => (devices.clean = at("clean").checked));
  for (const select of document.querySelectorAll("select[data-kind]")) select.addEventListener("change", choose);
  at("tab-voicemail").addEventListener("click", () => showVoicemails(dial, look).catch(() => {}));
  at("tab-calls").addEventListener("click", () => showCalls(dial).catch(() => {}));
  document.addEventListener("keydown", shortcut);
  document.addEventListener("pointerdown", () => ringer.allow().then(drawPermits), { once: true });
  document.addEventListener("keydown", () => ringer.allow().then(drawPermits), { once: true });
  window.addEventListener("pagehide", () => line.stop());
  window.addEventListener("beforeunload", (event) => {
    if (live().length) event.preventDefault();
  });
  at("sign-out").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    line.leave().then(() => at("sign-out").submit());
  });
  line.addEventListener("state", drawLine);
  line.addEventListener("call", (event) => arrive(/** @type {any} */ (event).detail));
  devices.addEventListener("change", drawDevices);
  devices.addEventListener("change", drawPermits);
}

async function start() {
  wire();
  drawLine();
  if (!devices.works || !line.sockets.length) {
    line.state = "refused";
    line.reason = say(devices.works ? "no_transport" : "no_browser");
    drawLine();
    return;
  }
  await devices.look();
  drawPermits();
  await Promise.all([line.start(), showCalls(dial).catch(() => {}), look()]);
  setInterval(look, STATE_EVERY);
}

start();
