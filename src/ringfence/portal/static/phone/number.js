// @ts-check
// Numbers as people write them and as SIP wants them.

/** Without what is there for the eye only. @param {string} written */
export function bare(written) {
  return written.replace(/[\s()./-]/g, "");
}

/** @param {string} written @param {string} domain */
export function sipAddress(written, domain) {
  return `sip:${encodeURIComponent(bare(written)).replace(/%2B/g, "+")}@${domain}`;
}

/** A duration as on a clock. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
