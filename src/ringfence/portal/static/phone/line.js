// @ts-check
// The registration: a credential of this session, the WebSocket, and every call that comes over it.
import { UA, WebSocketInterface } from "../vendor/jssip.min.js";
import { Call } from "./call.js";
import { bare, sipAddress } from "./number.js";
import { Refusal, ask } from "./server.js";

const EXPIRES = 300;
const TRY_AGAIN = 15_000;
const LEAVE_WITHIN = 2_000;

/**
 * States: "starting", "on", "off" (no connection; it tries again by itself), "ended" (the session is over), "refused".
 * Events: "state", "call" (detail: a Call).
 */
export class Line extends EventTarget {
  /** @param {string[]} sockets @param {string} token @param {import("./devices.js").Devices} devices */
  constructor(sockets, token, devices) {
    super();
    this.sockets = sockets;
    this.token = token;
    this.devices = devices;
    this.state = "starting";
    this.reason = "";
    /** @type {any} */
    this.agent = null;
    this.domain = "";
    this.number = "";
    this.renewedAt = 0;
    this.expected = 0;
  }

  async start() {
    const given = await this.#credential();
    if (!given) return;
    [this.number, this.domain] = given.uri.replace("sip:", "").split("@");
    this.agent = new UA({
      sockets: this.sockets.map((address) => new WebSocketInterface(address)),
      uri: given.uri,
      display_name: given.display_name,
      authorization_user: given.name,
      password: given.secret,
      register_expires: EXPIRES,
      session_timers: false,
      user_agent: "Ringfence browser phone",
      connection_recovery_min_interval: 2,
      connection_recovery_max_interval: 30,
    });
    this.agent.on("registered", () => this.#is("on"));
    this.agent.on("unregistered", () => this.#is("off"));
    this.agent.on("disconnected", () => this.#is("off"));
    this.agent.on("registrationFailed", (/** @type {any} */ what) => this.#refused(what));
    this.agent.on("newRTCSession", (/** @type {any} */ what) => this.#arrived(what));
    this.agent.start();
  }

  stop() {
    this.agent?.stop();
  }

  /** Ends calls and registration, and waits until the server has answered; a page that just closes cannot. */
  async leave() {
    const agent = this.agent;
    if (!agent?.isRegistered()) return this.stop();
    const gone = new Promise((then) => agent.once("unregistered", then));
    agent.terminateSessions();
    agent.unregister();
    await Promise.race([gone, new Promise((then) => setTimeout(then, LEAVE_WITHIN))]);
    this.stop();
  }

  /** @param {string} number @param {boolean} video */
  call(number, video) {
    if (!bare(number) || !this.agent) return;
    const target = sipAddress(number, this.domain);
    this.devices.ready().then(() => this.agent.call(target, this.devices.options(video)));
  }

  /** Another credential before the old one ends, or after it was refused. */
  async renew() {
    const given = await this.#credential();
    if (!given || !this.agent) return false;
    this.agent.set("authorization_user", given.name);
    this.agent.set("password", given.secret);
    return true;
  }

  async #credential() {
    this.renewedAt = Date.now();
    try {
      const given = await ask("/phone/credential", { method: "POST", token: this.token });
      const lasts = given.expires_at * 1000 - Date.now();
      setTimeout(() => this.renew(), Math.max(lasts / 2, TRY_AGAIN));
      return given;
    } catch (problem) {
      this.#failed(problem);
      return null;
    }
  }

  /** @param {unknown} problem */
  #failed(problem) {
    const status = problem instanceof Refusal ? problem.status : 0;
    const reason = problem instanceof Error ? problem.message : "";
    if (status === 401 || status === 403) {
      this.stop();
      this.#is("ended", reason);
    } else {
      this.#is(status === 404 ? "refused" : "off", reason);
      if (status !== 404) setTimeout(() => (this.agent ? this.renew() : this.start()), TRY_AGAIN);
    }
  }

  /** @param {any} what */
  async #refused(what) {
    const code = what.response?.status_code || 0;
    if ([401, 403, 407].includes(code) && Date.now() - this.renewedAt > TRY_AGAIN) {
      if (await this.renew()) this.agent.register();
      return;
    }
    this.#is(code ? "refused" : "off", String(what.cause || ""));
  }

  /** @param {any} what */
  #arrived({ session, originator, request }) {
    const call = new Call(session, originator === "remote", this, request);
    this.dispatchEvent(new CustomEvent("call", { detail: call }));
    if (originator === "remote" && request.hasHeader?.("Replaces")) call.answer(call.offersVideo);
  }

  /** @param {string} state @param {string} [reason] */
  #is(state, reason = "") {
    if (this.state === "ended") return;
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event("state"));
  }
}
