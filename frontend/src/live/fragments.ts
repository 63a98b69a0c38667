// Parts of the page, fetched again from the server and morphed in, so that focus, scroll and selection stay.

import { Idiomorph } from "idiomorph";
import { parse } from "../trusted.ts";
import { tick } from "./clock.ts";
import { type Held, holdBack, markGone, summary } from "./rows.ts";

/** The server would not answer, or sent something else. `status` is 0 when it could not be reached. */
export class FragmentError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The fragment could not be fetched (${status}).`);
    this.status = status;
  }
}

const WITH_MISTAKE = 422; // a page that says what is wrong with what was asked of it

/** Fetch one element of a page by its id. Raises FragmentError, or AbortError when `signal` fires. */
export async function load(url: string, id: string, signal?: AbortSignal): Promise<HTMLElement> {
  const options: RequestInit = { headers: { "X-Fragment": id }, cache: "no-cache" };
  if (signal) options.signal = signal;
  const response = await fetch(url, options).catch((error: Error) => {
    if (error.name === "AbortError") throw error;
    throw new FragmentError(0);
  });
  if (response.redirected && new URL(response.url).pathname === "/sign-in") throw new FragmentError(401);
  if (!response.ok && response.status !== WITH_MISTAKE) throw new FragmentError(response.status);
  const element = parse(await response.text()).querySelector<HTMLElement>(`#${CSS.escape(id)}`);
  if (!element) throw new FragmentError(response.status);
  return element;
}

/**
 * Who brings the new content. News come gently: rows keep their places, and those that come or go wait. Typing keeps
 * what is in the field. What was asked for comes whole.
 */
export type Occasion = "news" | "typing" | "asked";

/** Put `next` in the place of `shown`. */
export function place(shown: HTMLElement, next: HTMLElement, occasion: Occasion): void {
  const held = occasion === "news" ? hold(shown, next) : undefined;
  if (held === "all gone") return announce(shown, markGone(shown.querySelector<HTMLElement>("[data-rows]")!));
  const changed: Element[] = [];
  Idiomorph.morph(shown, next, {
    morphStyle: "outerHTML",
    ignoreActiveValue: occasion !== "asked",
    callbacks: {
      beforeNodeMorphed: (old: Node, fresh: Node) => {
        if (old instanceof HTMLTableCellElement && differs(old, fresh)) changed.push(old);
        return true;
      },
      beforeAttributeUpdated: (name: string, node: Element) =>
        !(name === "open" && node.matches("details, dialog")),
    },
  });
  tick(document, Date.now());
  announce(document.getElementById(shown.id), held);
  document.dispatchEvent(new CustomEvent("basefly:placed"));
  if (occasion === "news") changed.forEach(flash);
}

/** Hold rows back, unless nobody could miss them: the list was empty, the page is hidden, or it has no bar to wait in. */
function hold(shown: HTMLElement, next: HTMLElement): Held | "all gone" | undefined {
  const body = shown.querySelector<HTMLElement>("[data-rows]");
  if (!body?.firstElementChild || document.hidden || !shown.querySelector("[data-pending]")) return undefined;
  const fresh = next.querySelector<HTMLElement>("[data-rows]");
  return fresh ? holdBack(body, fresh, next.querySelector("[rel=next]") !== null) : "all gone";
}

function announce(element: HTMLElement | null, held: Held | undefined): void {
  const bar = element?.querySelector<HTMLElement>("[data-pending]");
  if (!bar) return;
  bar.hidden = held === undefined;
  const text = bar.querySelector("[data-pending-text]");
  if (text) text.textContent = held ? summary(held) : "";
}

function differs(old: HTMLElement, fresh: Node): boolean {
  return !old.querySelector("time[data-age]") && old.textContent !== fresh.textContent;
}

function flash(cell: Element): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const colour = getComputedStyle(cell).getPropertyValue("--flash");
  cell.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], { duration: 1200, easing: "ease-out" });
}
