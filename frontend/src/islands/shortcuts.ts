// The list of shortcuts: made from their registry, grouped by subject, and the place to give them other keys.

import { announce } from "../announce.ts";
import { pressedKey } from "../keys/keyboard.ts";
import { choose, chosenKeys, conflict, keysOf, OFF, resetKeys, type Shortcut, shortcuts, singleKeysOff, type Subject, SUBJECTS } from "../keys/registry.ts";
import { t } from "../texts.ts";

const PAUSE = 900; // milliseconds after which a second key no longer belongs to the first
const TEXT = {
  change: t("Change"),
  reset: t("All shortcuts were reset."),
  resetAll: t("Reset all shortcuts"),
};
const FIXED: readonly [string, string][] = [
  ["Ctrl K", t("Search everything")],
  ["Esc", t("Close the top layer")],
  ["Ctrl Enter", t("Open the row in a new tab")],
];
const HEADINGS: Record<Subject, string> = {
  "This page": t("This page"),
  Rows: t("Rows"),
  "The row's own pages": t("The row's own pages"),
  Sort: t("Sort"),
  "Go to": t("Go to"),
  Everywhere: t("Everywhere"),
};

let started = false;
let stop: (() => void) | undefined;

function parts() {
  const dialog = document.getElementById("shortcuts");
  const list = dialog?.querySelector<HTMLElement>("[data-shortcuts]");
  return dialog instanceof HTMLDialogElement && list ? { dialog, list } : undefined;
}

/** Open the list. */
export function show(): void {
  const all = parts();
  if (!all) return;
  if (!started) listen(all.dialog);
  started = true;
  draw();
  if (!all.dialog.open) all.dialog.showModal();
}

function listen(dialog: HTMLDialogElement): void {
  dialog.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-single-keys]")) return;
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "");
  });
  dialog.addEventListener("close", () => stop?.());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

function draw(): void {
  const all = parts();
  if (!all) return;
  const box = all.dialog.querySelector<HTMLInputElement>("[data-single-keys]");
  if (box) box.checked = !singleKeysOff();
  const entries = shortcuts();
  const groups = SUBJECTS.flatMap((subject) => {
    const inside = entries.filter((entry) => entry.subject === subject);
    const fixed = subject === "Everywhere" ? FIXED : [];
    if (!inside.length && !fixed.length) return [];
    const lines = [...inside.map(line), ...fixed.map(([keys, does]) => row(keys, does))];
    return [element("section", "shortcut-group", element("h3", "", HEADINGS[subject]), element("ul", "shortcut-lines", ...lines))];
  });
  const reset = button(TEXT.resetAll, () => {
    resetKeys();
    draw();
    tell(TEXT.reset);
  });
  reset.hidden = Object.keys(chosenKeys()).length === 0;
  const note = element("p", "shortcut-note");
  note.setAttribute("role", "status");
  note.dataset.note = "";
  all.list.replaceChildren(...groups, note, reset);
}

function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function button(text: string, run: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button quiet", textContent: text });
  made.addEventListener("click", run);
  return made;
}

function row(keys: string, does: string): HTMLElement {
  const caps = keys.split(/[ +]/).filter(Boolean).map((key) => element("kbd", "", key));
  return element("li", "shortcut-line", element("span", "grow", does), element("span", "shortcut-keys", ...caps));
}

function line(entry: Shortcut): HTMLElement {
  const made = row(keysOf(entry, chosenKeys()), entry.does);
  const change = button(TEXT.change, () => ask(entry, change));
  change.setAttribute("aria-label", keysOfWhat(entry));
  made.append(change);
  return made;
}

function keysOfWhat(entry: Shortcut): string {
  return t("Change the keys of: {does}", { does: entry.does });
}

function tell(text: string): void {
  const note = parts()?.list.querySelector<HTMLElement>("[data-note]");
  if (note) note.textContent = text;
  announce(text);
}

/** Wait for the new keys of a shortcut. */
function ask(entry: Shortcut, opener: HTMLButtonElement): void {
  stop?.();
  let pressed: string[] = [];
  let timer = 0;
  tell(t("Press a key, or two in turn. Esc keeps {keys}.", { keys: keysOf(entry, chosenKeys()) }));
  opener.dataset.waiting = "";
  const finish = () => {
    stop?.();
    take(entry, pressed.join(" "));
  };
  const onKey = (event: KeyboardEvent) => {
    if (["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return stop?.();
    pressed = [...pressed, pressedKey(event)];
    clearTimeout(timer);
    if (pressed.length === 2) finish();
    else timer = window.setTimeout(finish, PAUSE);
  };
  addEventListener("keydown", onKey, { capture: true });
  stop = () => {
    clearTimeout(timer);
    removeEventListener("keydown", onKey, { capture: true });
    delete opener.dataset.waiting;
    stop = undefined;
  };
}

function take(entry: Shortcut, keys: string): void {
  const other = conflict(entry.id, keys, shortcuts(), chosenKeys());
  if (other) return tell(t("{keys} is already “{does}”. Change that one first.", { keys, does: other.does }));
  choose(entry.id, keys === entry.keys ? undefined : keys);
  draw();
  tell(t("{does} is {keys} now.", { does: entry.does, keys }));
  parts()?.list.querySelector<HTMLElement>(`button[aria-label="${CSS.escape(keysOfWhat(entry))}"]`)?.focus();
}
