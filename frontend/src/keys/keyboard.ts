// Keys. Single ones rest while someone types, while a dialog is open, and for those who switched them off.

import { neighbourInDrawer } from "../list/drawer.ts";
import { selectRow } from "../list/selection.ts";
import { island } from "../islands.ts";
import { t } from "../texts.ts";
import { chosenKeys, letters, meaning, shortcut, shortcuts, shortcutsOf, singleKeysOff, type Subject } from "./registry.ts";
import { currentLink, focusedRow, neighbour } from "./rows.ts";

const SEQUENCE_LASTS = 1200;
const ROW_PAGES = { l: "logs", t: "terminal", e: "events", y: "yaml", m: "metrics" };
const ROW_WORDS = { logs: t("Logs"), terminal: t("Terminal"), events: t("Events"), yaml: "YAML", metrics: t("Metrics") };

let prefix = "";
let prefixTimer = 0;

/** Whether keys typed here are text. */
export function isTyping(target: EventTarget | null): boolean {
  const fields = "input:not([type=radio],[type=checkbox]), select, textarea, [contenteditable], .editor, .terminal";
  return target instanceof Element && target.closest(fields) !== null;
}

/** A key as the registry writes it. Shift is said only with letters, where it makes another key of the same. */
export function pressedKey(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  const { key, shiftKey } = event;
  return shiftKey && /^\p{L}$/u.test(key) ? `Shift+${key.toLowerCase()}` : key;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (isTyping(event.target) || singleKeysOff() || document.querySelector("dialog[open]")) return;
  if (event.key === "Shift") return;
  const key = pressedKey(event);
  const found = meaning(prefix ? `${prefix} ${key}` : key, shortcuts(), chosenKeys());
  setPrefix("");
  if (!found) return arrow(event);
  event.preventDefault();
  if ("run" in found) found.run.run(event);
  else setPrefix(found.waits);
}

function setPrefix(key: string): void {
  clearTimeout(prefixTimer);
  prefix = key;
  if (key) prefixTimer = window.setTimeout(() => (prefix = ""), SEQUENCE_LASTS);
}

/** Arrows walk the rows too, once one has the focus; elsewhere they scroll. */
function arrow(event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || event.shiftKey || !focusedRow()) return;
  event.preventDefault();
  step(by);
}

function step(by: number): void {
  if (!neighbourInDrawer(by)) neighbour(by)?.focus();
}

function first(selector: string): HTMLElement | undefined {
  return document.querySelector<HTMLElement>(selector) ?? undefined;
}

/** A shortcut for something on the page, which it clicks, or focuses where it is a field. */
function press(id: string, keys: string, does: string, subject: Subject, selector: string): void {
  const run = () => {
    const element = first(selector);
    if (element instanceof HTMLInputElement) element.select();
    else if (element instanceof HTMLSelectElement) element.focus();
    else element?.click();
  };
  shortcut({ id, keys, does, subject, run, here: () => first(selector) !== undefined });
}

/** The page of a row's own, of the row that has the focus; on an object's page, of the object. */
function rowPage(name: string): HTMLElement | undefined {
  const row = currentLink()?.closest<HTMLElement>("[data-rows] > *");
  return (row ?? document).querySelector<HTMLElement>(`[data-act="${name}"]`) ?? first(`#drawer [data-act="${name}"]`);
}

function registerRows(): void {
  const subject = "Rows";
  const here = () => first("[data-row-link]") !== undefined;
  shortcut({ id: "next", keys: "j", does: t("Next row"), subject, run: () => step(1), here });
  shortcut({ id: "previous", keys: "k", does: t("Previous row"), subject, run: () => step(-1), here });
  const select = (range: boolean) => () => selectRow(focusedRow(), range);
  const selectable = () => first("[data-select]") !== undefined;
  shortcut({ id: "select", keys: "x", does: t("Select the row"), subject, run: select(false), here: selectable });
  shortcut({ id: "range", keys: "Shift+x", does: t("Select up to the row"), subject, run: select(true), here: selectable });
  const open = () => {
    const link = currentLink();
    if (link) window.open(link.href, "_blank", "noopener");
  };
  shortcut({ id: "tab", keys: "o", does: t("Open the row in a new tab"), subject, run: open, here });
  for (const [key, name] of Object.entries(ROW_PAGES)) {
    const does = ROW_WORDS[name as keyof typeof ROW_WORDS];
    const run = () => rowPage(name)?.click();
    shortcut({ id: name, keys: key, does, subject: "The row's own pages", run, here: () => rowPage(name) !== undefined });
  }
}

function registerPage(): void {
  press("filter", "/", t("Filter this page"), "This page", "[data-filter]");
  press("pending", ".", t("Show the rows that wait"), "This page", "[data-pending]:not([hidden]) [data-pending-show]");
  press("previous-page", "[", t("Previous page"), "This page", "[rel=prev]");
  press("next-page", "]", t("Next page"), "This page", "[rel=next]");
  press("views", "v", t("Saved views"), "This page", "[data-views]");
  press("clusters", "c", t("Choose clusters"), "This page", "[data-scope=clusters], select[name=cluster]");
  press("namespaces", "n", t("Choose namespaces"), "This page", "[data-scope=namespaces], select[name=namespace]");
}

/** The places of the menu: each by the key it names, or else by the first letter of its name that is free. */
function places() {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("#nav a[href]"), ...document.querySelectorAll<HTMLAnchorElement>("#account a[href='/settings']")];
  const given = letters(links.map((link) => (link.dataset.key ?? "") + (link.textContent?.trim() ?? "")));
  return links.flatMap((link, index) => {
    const letter = given[index];
    const name = link.textContent?.trim() ?? "";
    if (!letter) return [];
    return [{ id: `go:${link.pathname}`, keys: `g ${letter}`, does: name, subject: "Go to" as const, run: () => link.click() }];
  });
}

/** The columns that sort, each by a letter of its title. */
function columns() {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("main th[aria-sort] a")].filter((link) => link.checkVisibility());
  const given = letters(links.map((link) => link.textContent?.trim() ?? ""));
  return links.flatMap((link, index) => {
    const letter = given[index];
    const title = link.textContent?.trim() ?? "";
    if (!letter) return [];
    return [{ id: `sort:${title}`, keys: `s ${letter}`, does: t("By {title}", { title }), subject: "Sort" as const, run: () => link.click() }];
  });
}

function showList(): void {
  void island(() => import("../islands/shortcuts.ts")).then((list) => list?.show());
}

export function start(): void {
  registerPage();
  registerRows();
  shortcutsOf(columns);
  shortcutsOf(places);
  shortcut({ id: "shortcuts", keys: "?", does: t("Show this list"), subject: "Everywhere", run: showList });
  addEventListener("keydown", onKey);
  addEventListener("keydown", (event) => {
    if (event.key === "`" && event.ctrlKey && !event.altKey) first("[data-terminal-dock]")?.click();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-open-shortcuts]")) showList();
  });
}

