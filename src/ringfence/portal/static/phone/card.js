// @ts-check
// The card of one call: its buttons, its clock, its sound and picture.
import { clock } from "./number.js";
import { say } from "./words.js";

/** What a card asks the page to do, because it concerns other calls too. */
/** @typedef {{answer: (call: import("./call.js").Call, video: boolean) => void,
 *   resume: (call: import("./call.js").Call) => void,
 *   others: (call: import("./call.js").Call) => import("./call.js").Call[],
 *   tell: (text: string) => void}} Desk */

export class Card {
  /** @param {import("./call.js").Call} call @param {Desk} desk @param {import("./devices.js").Devices} devices */
  constructor(call, desk, devices) {
    this.call = call;
    this.desk = desk;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("call-card"));
    this.root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    this.root.dataset.call = call.id;
    this.audio = /** @type {HTMLAudioElement} */ (this.part("audio"));
    this.video = /** @type {HTMLVideoElement} */ (this.part("video"));
    this.own = /** @type {HTMLVideoElement} */ (this.part("own"));
    this.audio.srcObject = call.remote;
    devices.playOn(this.audio);
    this.#buttons();
    call.addEventListener("change", () => this.draw());
    this.timer = setInterval(() => this.#tick(), 500);
    this.draw();
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  /** @param {string} name @param {(event: Event) => void} then */
  #on(name, then) {
    this.part(name).addEventListener(name.endsWith("-form") ? "submit" : "click", (/** @type {Event} */ event) => {
      event.preventDefault();
      then(event);
    });
  }

  #buttons() {
    const call = this.call;
    this.#on("answer", () => this.desk.answer(call, false));
    this.#on("answer-video", () => this.desk.answer(call, true));
    this.#on("hang-up", () => call.hangUp());
    this.#on("hold", () => (call.held ? this.desk.resume(call) : call.hold()));
    this.#on("mute", () => call.toggleMute());
    this.#on("keypad", () => this.#toggle("keys", "keypad"));
    this.#on("transfer", () => this.#toggle("transfer-form", "transfer"));
    this.#on("transfer-form", () => this.#transfer(this.part("transfer-number").value));
    this.#on("join", () => this.#join());
    this.part("keys").addEventListener("click", (/** @type {any} */ event) => {
      const tone = event.target.closest("[data-tone]")?.dataset.tone;
      if (tone) this.tone(tone);
    });
    this.part("keys").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (/^[0-9*#]$/.test(event.key)) this.tone(event.key);
    });
  }

  /** @param {string} tone */
  tone(tone) {
    this.call.tone(tone);
    const sent = this.part("sent");
    sent.textContent = (sent.textContent + tone).slice(-20);
  }

  /** @param {string} part @param {string} button */
  #toggle(part, button) {
    const shown = this.part(part);
    shown.hidden = !shown.hidden;
    this.part(button).setAttribute("aria-expanded", String(!shown.hidden));
    if (!shown.hidden) shown.querySelector("input, button")?.focus();
  }

  /** @param {string} number */
  #transfer(number) {
    if (!number.trim()) return;
    this.call.transfer(number, (accepted) => this.desk.tell(say(accepted ? "transferred" : "not_transferred", { number })));
  }

  /** The others are held: the newest of them is joined with this one. */
  #join() {
    const [other] = this.desk.others(this.call);
    if (!other) return;
    other.join(this.call, (accepted) =>
      this.desk.tell(say(accepted ? "transferred" : "not_transferred", { number: this.call.number })),
    );
  }

  draw() {
    const { call } = this;
    const up = call.state === "up";
    this.root.dataset.state = call.state;
    this.root.dataset.held = String(call.held);
    this.part("name").textContent = call.name || call.number || say("anonymous");
    this.part("number").textContent = call.name ? call.number : "";
    this.#show("answer", call.state === "incoming");
    this.#show("answer-video", call.state === "incoming" && call.offersVideo);
    for (const name of ["hold", "mute", "keypad", "transfer"]) this.#show(name, up);
    this.#show("join", up && !call.held && this.desk.others(call).length > 0);
    if (!up) for (const name of ["keys", "transfer-form"]) this.part(name).hidden = true;
    this.#press("hold", call.held, say(call.held ? "resume" : "hold"));
    this.#press("mute", call.muted, say(call.muted ? "unmute" : "mute"));
    this.#label("hang-up", say(call.state === "incoming" ? "reject" : "hang_up"));
    this.#picture();
    this.#tick();
  }

  #picture() {
    const shown = this.call.video && this.call.state === "up";
    this.part("pictures").hidden = !shown;
    if (shown && this.video.srcObject !== this.call.remote) this.video.srcObject = this.call.remote;
    const track = this.call.session.connection?.getSenders().find((/** @type {RTCRtpSender} */ one) => one.track?.kind === "video")?.track;
    if (shown && track && !this.own.srcObject) this.own.srcObject = new MediaStream([track]);
  }

  /** @param {string} name @param {boolean} shown */
  #show(name, shown) {
    this.part(name).hidden = !shown;
  }

  /** @param {string} name @param {boolean} pressed @param {string} label */
  #press(name, pressed, label) {
    this.part(name).setAttribute("aria-pressed", String(pressed));
    this.part(name).classList.toggle("active", pressed);
    this.#label(name, label);
  }

  /** @param {string} name @param {string} label */
  #label(name, label) {
    this.part(name).querySelector("span").textContent = label;
  }

  #tick() {
    const { call } = this;
    const seconds = call.since ? clock((Date.now() - call.since) / 1000) : "";
    const how = call.state === "up" && call.held ? "held" : call.state === "up" && call.heldThere ? "held_there" : call.state;
    const text = call.transferring ? say("transferring") : say(`state_${how}`, { time: seconds });
    if (this.part("state").textContent !== text) this.part("state").textContent = text;
  }

  remove() {
    clearInterval(this.timer);
    this.audio.srcObject = this.video.srcObject = this.own.srcObject = null;
    this.root.remove();
  }
}
