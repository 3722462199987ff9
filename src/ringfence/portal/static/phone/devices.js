// @ts-check
// Microphones, cameras and speakers: which there are, which are chosen, and what a call is made with.

const KINDS = /** @type {const} */ (["audioinput", "videoinput", "audiooutput"]);

/** Event: "change", when the list or the choice is another one. */
export class Devices extends EventTarget {
  constructor() {
    super();
    /** @type {MediaDeviceInfo[]} */
    this.found = [];
    navigator.mediaDevices?.addEventListener("devicechange", () => this.look());
  }

  get works() {
    return Boolean(navigator.mediaDevices && window.RTCPeerConnection);
  }

  async look() {
    this.found = this.works ? await navigator.mediaDevices.enumerateDevices() : [];
    this.dispatchEvent(new Event("change"));
  }

  /** Before a call: a chosen device that is gone must not make it fail. */
  async ready() {
    if (!this.found.some((one) => one.label)) await this.look();
  }

  /** Asks for the microphone once, so that the first call does not have to. */
  async permit() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    await this.look();
  }

  /** @param {typeof KINDS[number]} kind */
  of(kind) {
    return this.found.filter((one) => one.kind === kind && one.deviceId);
  }

  /** The chosen device if it is there, "" for the browser's own choice. @param {typeof KINDS[number]} kind */
  chosen(kind) {
    const wanted = localStorage.getItem(`phone.${kind}`) || "";
    return this.of(kind).some((one) => one.deviceId === wanted) ? wanted : "";
  }

  /** @param {typeof KINDS[number]} kind @param {string} id */
  choose(kind, id) {
    localStorage.setItem(`phone.${kind}`, id);
    this.dispatchEvent(new Event("change"));
  }

  /** Whether the browser takes echo and noise out of what the microphone hears. */
  get clean() {
    return localStorage.getItem("phone.clean") !== "no";
  }

  set clean(wanted) {
    localStorage.setItem("phone.clean", wanted ? "yes" : "no");
  }

  /** @param {boolean} video @returns {MediaStreamConstraints} */
  constraints(video) {
    const [microphone, camera] = [this.chosen("audioinput"), this.chosen("videoinput")];
    const clean = this.clean;
    return {
      audio: {
        echoCancellation: clean,
        noiseSuppression: clean,
        autoGainControl: clean,
        ...(microphone ? { deviceId: { exact: microphone } } : {}),
      },
      video: video ? { width: { ideal: 640 }, height: { ideal: 360 }, ...(camera ? { deviceId: { exact: camera } } : {}) } : false,
    };
  }

  /** What JsSIP makes or answers a call with. The PBX relays all media, so no STUN server is asked. @param {boolean} video */
  options(video) {
    return {
      mediaConstraints: this.constraints(video),
      pcConfig: { iceServers: [] },
    };
  }

  /** @param {HTMLMediaElement} element */
  async playOn(element) {
    const speaker = this.chosen("audiooutput");
    if ("setSinkId" in element) await /** @type {any} */ (element).setSinkId(speaker).catch(() => {});
  }
}
