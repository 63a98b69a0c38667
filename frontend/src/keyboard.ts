// Keys: one registry, from which the list of shortcuts (?) is made too. Single keys rest while someone types.

interface Shortcut {
  keys: string;
  does: string;
  run: () => void;
}

const OFF = "basefly.single-keys-off";
const SEQUENCE_LASTS = 1200;

const shortcuts: Shortcut[] = [];
let prefix = "";
let prefixTimer = 0;

/** Add a shortcut. `keys` is a key ("j") or two in turn ("g p"). */
export function shortcut(keys: string, does: string, run: () => void): void {
  shortcuts.push({ keys, does, run });
}

/** Whether keys typed here are text. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=radio],[type=checkbox]), select, textarea, [contenteditable]") !== null;
}

/** Single keys can be switched off, as people who dictate need it (WCAG 2.1.4). */
export function singleKeysOff(): boolean {
  return localStorage.getItem(OFF) !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || singleKeysOff() || document.querySelector("dialog[open]")) return;
  const pressed = prefix ? `${prefix} ${event.key}` : event.key;
  setPrefix("");
  const found = shortcuts.find((entry) => entry.keys === pressed);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (shortcuts.some((entry) => entry.keys.startsWith(`${pressed} `))) {
    setPrefix(pressed);
  }
}

function setPrefix(key: string): void {
  clearTimeout(prefixTimer);
  prefix = key;
  if (key) prefixTimer = window.setTimeout(() => (prefix = ""), SEQUENCE_LASTS);
}

/** The row links of the page, and a step from the one that has the focus. */
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-rows] [data-row-link]")];
  const row = document.activeElement?.closest("[data-rows] > *");
  const current = links.findIndex((link) => row?.contains(link));
  const next = links[Math.min(links.length - 1, Math.max(0, current + by))];
  next?.focus();
}

function follow(selector: string): () => void {
  return () => document.querySelector<HTMLElement>(selector)?.click();
}

function showList(): void {
  const dialog = document.getElementById("shortcuts");
  const list = dialog?.querySelector("[data-shortcuts]");
  if (!(dialog instanceof HTMLDialogElement) || !list) return;
  list.replaceChildren(...shortcuts.flatMap(entry));
  const box = dialog.querySelector<HTMLInputElement>("[data-single-keys]");
  if (box) box.checked = !singleKeysOff();
  dialog.showModal();
}

function entry({ keys, does }: Shortcut): HTMLElement[] {
  const term = document.createElement("dt");
  const key = (text: string) => Object.assign(document.createElement("kbd"), { textContent: text });
  term.append(...keys.split(" ").map(key));
  return [term, Object.assign(document.createElement("dd"), { textContent: does })];
}

function register(): void {
  shortcut("/", "Filter this page", () => document.querySelector<HTMLInputElement>("[data-filter]")?.select());
  shortcut("j", "Next row", () => step(1));
  shortcut("k", "Previous row", () => step(-1));
  shortcut("]", "Next page", follow("[rel=next]"));
  shortcut("[", "Previous page", follow("[rel=prev]"));
  shortcut(".", "Show the rows that wait", follow("[data-pending-show]"));
  for (const link of document.querySelectorAll<HTMLAnchorElement>("nav [data-key]")) {
    shortcut(`g ${link.dataset.key}`, `Go to ${link.textContent?.trim()}`, () => link.click());
  }
  shortcut("?", "Show this list", showList);
}

export function start(): void {
  register();
  addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-open-shortcuts]")) showList();
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-single-keys]")) return;
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "");
  });
}
