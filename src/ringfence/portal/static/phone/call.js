// @ts-check
// One call: what can be done with it, and how it stands.
import { sipAddress } from "./number.js";

/**
 * States: "calling", "ringing" (there), "incoming", "up", "over". Event: "change".
 */
export class Call extends EventTarget {
  /** @param {any} session @param {boolean} incoming @param {import("./line.js").Line} line @param {any} request */
  constructor(session, incoming, line, request) {
    super();
    this.session = session;
    this.incoming = incoming;
    this.line = line;
    this.state = incoming ? "incoming" : "calling";
    this.number = session.remote_identity.uri.user || "";
    this.name = session.remote_identity.display_name || "";
    this.cause = "";
    this.since = 0;
    this.held = this.wanted = false;
    this.heldThere = false;
    this.muted = false;
    this.offersVideo = incoming && /^m=video [1-9]/m.test(request?.body || "");
    this.early = false;
    this.transferring = false;
    this.remote = new MediaStream();
    this.#follow();
  }

  get id() {
    return this.session.id;
  }

  get video() {
    return this.remote.getVideoTracks().some((track) => !track.muted);
  }

  #follow() {
    const on = (/** @type {string} */ name, /** @type {(what: any) => void} */ then) =>
      this.session.on(name, (/** @type {any} */ what) => {
        then(what);
        this.#changed();
      });
    const hear = (/** @type {RTCPeerConnection} */ connection) =>
      connection.addEventListener("track", ({ track }) => {
        this.remote.addTrack(track);
        this.early = this.state !== "up";
        for (const name of ["mute", "unmute", "ended"]) track.addEventListener(name, () => this.#changed());
        this.#changed();
      });
    if (this.session.connection) hear(this.session.connection);
    else this.session.on("peerconnection", (/** @type {any} */ what) => hear(what.peerconnection));
    on("progress", () => (this.state = this.incoming ? "incoming" : "ringing"));
    on("accepted", () => this.#up());
    on("confirmed", () => this.#up());
    on("ended", ({ cause }) => this.#over(cause));
    on("failed", ({ cause }) => this.#over(cause));
    on("hold", ({ originator }) => (originator === "local" ? (this.held = true) : (this.heldThere = true)));
    on("unhold", ({ originator }) => (originator === "local" ? (this.held = false) : (this.heldThere = false)));
    on("muted", () => (this.muted = true));
    on("unmuted", () => (this.muted = false));
    // The server judged it already: only a transfer that the other side may make reaches us (RFC 3515).
    on("refer", (what) => what.accept(null, this.line.devices.options(false)));
    on("replaces", (what) => what.accept());
  }

  #up() {
    if (this.state === "up" || this.state === "over") return;
    this.state = "up";
    this.since = Date.now();
  }

  /** @param {string} cause */
  #over(cause) {
    this.state = "over";
    this.cause = cause;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {boolean} video */
  answer(video) {
    this.line.devices.ready().then(() => this.session.answer(this.line.devices.options(video)));
  }

  hangUp() {
    if (this.session.isEnded()) return;
    this.session.terminate(this.state === "incoming" ? { status_code: 486, reason_phrase: "Busy Here" } : undefined);
  }

  hold() {
    this.#bring(true);
  }

  resume() {
    this.#bring(false);
  }

  /** As soon as the other side has answered the change before. @param {boolean} held */
  async #bring(held) {
    this.wanted = held;
    for (let tries = 0; tries < 50 && this.wanted === held && this.held !== held && this.state === "up"; tries++) {
      if (held ? this.session.hold() : this.session.unhold()) return;
      await new Promise((then) => setTimeout(then, 200));
    }
  }

  toggleMute() {
    if (this.muted) this.session.unmute({ audio: true });
    else this.session.mute({ audio: true });
  }

  /** As events in the media (RFC 4733). @param {string} tones */
  tone(tones) {
    if (this.state === "up") this.session.sendDTMF(tones, { transportType: "RFC2833", duration: 120, interToneGap: 70 });
  }

  /** Without asking first. @param {string} number @param {(accepted: boolean) => void} done */
  transfer(number, done) {
    this.#refer(number, undefined, done);
  }

  /** To whoever is in the other call, which ends with it. @param {Call} other @param {(accepted: boolean) => void} done */
  join(other, done) {
    this.#refer(other.number, other.session, done);
  }

  /** @param {string} number @param {any} replaces @param {(accepted: boolean) => void} done */
  #refer(number, replaces, done) {
    const target = sipAddress(number, this.line.domain);
    const finish = (/** @type {boolean} */ accepted) => {
      this.transferring = false;
      if (accepted) this.hangUp();
      done(accepted);
      this.#changed();
    };
    this.transferring = true;
    this.#changed();
    this.session.refer(target, {
      replaces,
      eventHandlers: {
        accepted: () => finish(true),
        failed: () => finish(false),
        requestFailed: () => finish(false),
      },
    });
  }

  /** Another microphone or camera while the call goes on. @param {MediaStream} stream */
  async use(stream) {
    for (const sender of this.session.connection?.getSenders() || []) {
      const track = stream.getTracks().find((one) => one.kind === sender.track?.kind);
      if (!track) continue;
      track.enabled = sender.track.enabled;
      sender.track.stop();
      await sender.replaceTrack(track);
    }
  }
}
