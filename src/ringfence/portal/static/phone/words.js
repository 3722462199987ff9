// @ts-check
// The sentences of the page, which the server has translated.

/** @type {Record<string, string>} */
const words = JSON.parse(document.getElementById("words")?.textContent || "{}");

/** @param {string} key @param {Record<string, string>} [values] put in for {name} */
export function say(key, values = {}) {
  return (words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
