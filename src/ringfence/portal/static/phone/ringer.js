// @ts-check
// Ringing and the tones of the line, made by the browser: no sound file.

/** @type {Record<string, {tones: number[], pattern: number[], gain: number}>} seconds of sound and of silence, in turn */
const SOUNDS = {
  ring: { tones: [784, 988], pattern: [0.4, 0.2, 0.4, 2], gain: 0.18 },
  ringback: { tones: [425], pattern: [1, 4], gain: 0.06 },
  waiting: { tones: [425], pattern: [0.2, 6], gain: 0.06 },
};

export class Ringer {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    this.playing = "";
    this.timer = 0;
  }

  /** Browsers let a page make sound after somebody has touched it. */
  get allowed() {
    return this.context?.state === "running";
  }

  async allow() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") await Promise.race([this.context.resume(), new Promise((then) => setTimeout(then, 300))]);
    return this.allowed;
  }

  /** @param {"" | "ring" | "ringback" | "waiting"} name */
  play(name) {
    if (name === this.playing) return;
    clearTimeout(this.timer);
    this.playing = name;
    if (name) this.#round(0);
  }

  /** @param {number} step */
  #round(step) {
    const sound = SOUNDS[this.playing];
    if (!sound) return;
    const seconds = sound.pattern[step % sound.pattern.length];
    if (step % 2 === 0) this.#sound(sound, seconds);
    this.timer = setTimeout(() => this.#round(step + 1), seconds * 1000);
  }

  /** @param {{tones: number[], gain: number}} sound @param {number} seconds */
  #sound({ tones, gain }, seconds) {
    const context = this.context;
    if (!context || context.state !== "running") return;
    const volume = context.createGain();
    volume.gain.setValueAtTime(0, context.currentTime);
    volume.gain.linearRampToValueAtTime(gain, context.currentTime + 0.02);
    volume.gain.setValueAtTime(gain, context.currentTime + seconds - 0.03);
    volume.gain.linearRampToValueAtTime(0, context.currentTime + seconds);
    volume.connect(context.destination);
    for (const frequency of tones) {
      const source = context.createOscillator();
      source.frequency.value = frequency;
      source.connect(volume);
      source.start();
      source.stop(context.currentTime + seconds);
    }
  }
}
