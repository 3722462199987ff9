// @ts-check
// A notification of the system while somebody calls and the page is not in front.

/** @type {Map<string, Notification>} */
const shown = new Map();

export function mayNotify() {
  return "Notification" in window && Notification.permission === "granted";
}

/** Asks once; without an answer the page rings all the same. */
export async function permitNotices() {
  if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
}

/** @param {string} id @param {string} title @param {string} body */
export function notify(id, title, body) {
  if (!mayNotify() || shown.has(id)) return;
  const notice = new Notification(title, { body, tag: id, requireInteraction: true, icon: "/static/mark.svg" });
  notice.addEventListener("click", () => {
    window.focus();
    notice.close();
  });
  shown.set(id, notice);
}

/** @param {string} id */
export function withdraw(id) {
  shown.get(id)?.close();
  shown.delete(id);
}
