// While an answer is on its way: rows to come in the place of those that are there, and soon a way to keep these.

import { announce } from "./announce.ts";
import { clusterOf } from "./list/address.ts";
import { t } from "./texts.ts";

const SLOW_AFTER = 300;
const LONG_AFTER = 3000;

/**
 * Show that `part` waits for what is at `url`. `line` puts the line that says so, with its button that calls `cancel`,
 * where it moves nothing. Returns how to end it; where another wait follows, `goesOn` leaves what is shown to that one.
 */
export function wait(part: HTMLElement, url: string, cancel: () => void, line: (bar: HTMLElement) => void): (goesOn: boolean) => void {
  const slow = setTimeout(() => part.setAttribute("aria-busy", "true"), SLOW_AFTER);
  const long = setTimeout(() => {
    bars(part).forEach((bar) => bar.remove());
    line(barFor(url, cancel));
  }, LONG_AFTER);
  return (goesOn) => {
    clearTimeout(slow);
    clearTimeout(long);
    if (goesOn) return;
    bars(part).forEach((bar) => bar.remove());
    part.removeAttribute("aria-busy");
  };
}

function bars(part: HTMLElement): NodeListOf<HTMLElement> {
  return part.querySelectorAll<HTMLElement>("[data-waiting]");
}

function barFor(url: string, cancel: () => void): HTMLElement {
  const name = clusterOf(new URL(url, location.href).href);
  const text = name ? t("Waiting for {name}…", { name }) : t("Waiting for an answer…");
  const bar = Object.assign(document.createElement("div"), { className: "pending" });
  bar.dataset.waiting = "";
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: t("Cancel") });
  button.addEventListener("click", cancel);
  bar.append(Object.assign(document.createElement("span"), { textContent: text }), button);
  announce(text);
  return bar;
}
