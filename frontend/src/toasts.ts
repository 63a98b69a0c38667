// Short notes at the edge of the page. They wait for who reads slowly, and are never the only place of an error.

import { t } from "./texts.ts";

export type Kind = "ok" | "info" | "warn" | "bad";

const LASTS = 8000; // milliseconds, and at least six seconds more after pointer or focus has left
const AFTER_LOOK = 6000;
const AT_MOST = 4;
const CLOSE = t("Dismiss");

const SHAPES: Record<Kind, string> = { ok: "circle-check", info: "info", warn: "triangle-alert", bad: "circle-x" };
const SVG = "http://www.w3.org/2000/svg";

/** A symbol of the page's sprite. */
function icon(name: string): SVGElement {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  picture.append(use);
  return picture;
}

/** Show a note. */
export function toast(text: string, kind: Kind = "info"): void {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const note = document.createElement("div");
  note.className = `toast ${kind}`;
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button quiet square" });
  close.setAttribute("aria-label", CLOSE);
  close.append(icon("x"));
  close.addEventListener("click", () => note.remove());
  note.append(icon(SHAPES[kind]), Object.assign(document.createElement("p"), { textContent: text }), close);
  region.append(note);
  while (region.children.length > AT_MOST) region.firstElementChild?.remove();
  expire(note);
}

function expire(note: HTMLElement): void {
  let timer = 0;
  const rest = (milliseconds: number) => (timer = window.setTimeout(() => note.remove(), milliseconds));
  const hold = () => clearTimeout(timer);
  const release = () => {
    hold();
    if (!note.matches(":hover, :focus-within")) rest(AFTER_LOOK);
  };
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", release);
  note.addEventListener("focusout", () => setTimeout(release));
  rest(LASTS);
}

const KINDS: readonly string[] = ["ok", "info", "warn", "bad"];

/** The note that an answer brings in its header X-Toast: percent-encoded text, before it perhaps a kind ("ok:Saved"). */
export function noteOf(header: string | null): { text: string; kind: Kind } | undefined {
  if (!header) return undefined;
  const [, kind, text] = /^(?:([a-z]+):)?(.*)$/s.exec(header) ?? [];
  const known = kind !== undefined && KINDS.includes(kind);
  const raw = known ? (text ?? "") : header;
  try {
    return { text: decodeURIComponent(raw), kind: known ? (kind as Kind) : "ok" };
  } catch {
    return { text: raw, kind: known ? (kind as Kind) : "ok" };
  }
}

export function toastOf(response: Response): void {
  const note = noteOf(response.headers.get("x-toast"));
  if (note) toast(note.text, note.kind);
}

/** Notes that the server left in the page (`data-flash`, its value the kind). */
export function start(): void {
  for (const flash of document.querySelectorAll<HTMLElement>("[data-flash]")) {
    const kind = flash.dataset.flash ?? "";
    toast(flash.textContent?.trim() ?? "", KINDS.includes(kind) ? (kind as Kind) : "ok");
    flash.remove();
  }
}
