// @ts-check
// The own calls and the own voicemail.
import { clock } from "./number.js";
import { ask } from "./server.js";
import { say } from "./words.js";

const moment = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" });

/** @param {string} template @returns {any} */
function row(template) {
  const found = /** @type {HTMLTemplateElement} */ (document.getElementById(template));
  return found.content.firstElementChild?.cloneNode(true);
}

/** @param {string} list @param {HTMLElement[]} rows */
function fill(list, rows) {
  const place = /** @type {HTMLElement} */ (document.getElementById(list));
  place.replaceChildren(...rows);
  place.hidden = !rows.length;
  /** @type {HTMLElement} */ (document.getElementById(`${list}-empty`)).hidden = rows.length > 0;
}

/** @param {(number: string) => void} dial */
export async function showCalls(dial) {
  const { items } = await ask("/phone/calls");
  fill(
    "calls",
    items.map((/** @type {any} */ call) => {
      const one = row("call-row");
      one.classList.toggle("missed", !call.made && !call.answered);
      one.querySelector("[data-other]").textContent = call.other || say("anonymous");
      const kind = call.made ? (call.answered ? "made" : "not_reached") : call.answered ? "taken" : "missed";
      const length = call.answered ? ` · ${clock(call.seconds)}` : "";
      one.querySelector("[data-about]").textContent = `${say(kind)} · ${moment.format(call.started_at * 1000)}${length}`;
      const button = one.querySelector("button");
      button.setAttribute("aria-label", say("call_back", { number: call.other }));
      button.addEventListener("click", () => dial(call.other));
      return one;
    }),
  );
}

/** @param {(number: string) => void} dial @param {() => void} heard */
export async function showVoicemails(dial, heard) {
  const { items } = await ask("/phone/voicemails");
  fill(
    "voicemails",
    items.map((/** @type {any} */ message) => {
      const one = row("voicemail-row");
      one.classList.toggle("unheard", !message.heard);
      one.querySelector("[data-other]").textContent = message.caller || say("anonymous");
      const about = `${moment.format(message.left_at * 1000)} · ${clock(message.seconds)}`;
      one.querySelector("[data-about]").textContent = message.heard ? about : `${say("new_message")} · ${about}`;
      const player = one.querySelector("audio");
      player.src = message.audio;
      player.setAttribute("aria-label", say("message_of", { number: message.caller }));
      player.addEventListener("play", () => one.classList.remove("unheard"));
      player.addEventListener("ended", heard);
      const button = one.querySelector("button");
      button.setAttribute("aria-label", say("call_back", { number: message.caller }));
      button.addEventListener("click", () => dial(message.caller));
      return one;
    }),
  );
}
