// @ts-check
// What the page asks the portal. Every answer is JSON; a refusal is a problem document (RFC 9457).

/** A refusal of the portal, or its silence (status 0). */
export class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {{method?: string, token?: string}} [how] a POST needs the token of the page's form
 * @returns {Promise<any>}
 */
export async function ask(path, { method = "GET", token = "" } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers["X-CSRFToken"] = token;
  let answer;
  try {
    answer = await fetch(path, { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch {
    throw new Refusal(0, "");
  }
  const kind = answer.headers.get("Content-Type") || "";
  const body = kind.includes("json") ? await answer.json() : {};
  if (!answer.ok) throw new Refusal(answer.status, body.detail || "");
  return body;
}
