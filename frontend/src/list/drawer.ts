// The drawer: an object beside its list. The list's address holds it, so that reload, back and sharing show the same.

import { announce } from "../announce.ts";
import { FragmentError, load, place } from "../live/fragments.ts";
import { listen } from "../live/page.ts";
import { neighbour, rowLinks } from "../keys/rows.ts";
import { t } from "../texts.ts";
import { wait } from "../waiting.ts";
import { opened, opening } from "./address.ts";

const PART = "object";
const ROOM = "(min-width: 760px)"; // below, a link goes to the page itself
const LINES = 8; // of a skeleton
const TEXT = {
  gone: t("This object is no longer there."),
  failed: t("The hub did not answer, so this object cannot be shown here. Open its own page to try again."),
};

let running: AbortController | undefined;
let held: { path: string; name: string } | undefined; // whose content the drawer has, whatever it waits for

function parts() {
  const drawer = document.getElementById("drawer");
  const body = drawer?.querySelector<HTMLElement>("[data-drawer-body]");
  const title = drawer?.querySelector<HTMLElement>("h2");
  const page = drawer?.querySelector<HTMLAnchorElement>("[data-drawer-page]");
  return drawer && body && title && page ? { drawer, body, title, page } : undefined;
}

function linkTo(path: string): HTMLAnchorElement | undefined {
  return rowLinks().find((link) => link.pathname + link.search === path);
}

function mark(path: string | undefined): void {
  for (const link of rowLinks()) {
    if (path !== undefined && link.pathname + link.search === path) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Show what is at `path`. The focus goes to the drawer's title when `focus` says so. */
async function show(path: string, focus: boolean): Promise<void> {
  const all = parts();
  if (!all) return location.assign(path);
  const { drawer, body, title } = all;
  running?.abort();
  const mine = (running = new AbortController());
  const name = linkTo(path)?.textContent?.trim() ?? decodeURIComponent(new URL(path, location.href).pathname.split("/").at(-1) ?? "");
  drawer.hidden = false;
  head(path, name);
  if (focus) title.focus();
  if (!body.querySelector(".skeleton")) body.prepend(skeleton());
  const over = wait(drawer, path, stay, (bar) => body.prepend(bar));
  try {
    put(body, await load(path, PART, mine.signal));
    held = { path, name };
    announce(name);
  } catch (error) {
    if (!mine.signal.aborted) tell(body, error);
  } finally {
    over(running !== mine);
    if (running === mine) body.querySelector(".skeleton")?.remove();
  }
}

function head(path: string, name: string): void {
  const { drawer, title, page } = parts()!;
  drawer.dataset.address = path;
  title.textContent = name;
  page.href = path;
  mark(path);
}

/** Rows to come, which show while the drawer is busy. */
function skeleton(): HTMLElement {
  const rows = Object.assign(document.createElement("div"), { className: "skeleton" });
  rows.ariaHidden = "true";
  for (let n = 0; n < LINES; n++) {
    const row = document.createElement("div");
    row.append(document.createElement("i"), document.createElement("i"));
    rows.append(row);
  }
  return rows;
}

/** The object that is shown stays; where none is, the drawer closes. */
function stay(): void {
  running?.abort();
  if (!held) return close();
  history.replaceState(history.state, "", opening(location.href, held.path));
  head(held.path, held.name);
  parts()?.title.focus();
}

function put(body: HTMLElement, next: HTMLElement): void {
  const shown = body.querySelector<HTMLElement>(`#${PART}`);
  if (shown) place(shown, next, "asked");
  else body.replaceChildren(next);
  body.scrollTop = 0;
  document.dispatchEvent(new CustomEvent("basefly:placed"));
  listen();
}

function tell(body: HTMLElement, error: unknown): void {
  const text = error instanceof FragmentError && error.status === 404 ? TEXT.gone : TEXT.failed;
  held = undefined;
  body.replaceChildren(Object.assign(document.createElement("p"), { className: "drawer-note", textContent: text }));
  announce(text);
}

function hide(): void {
  const all = parts();
  if (!all || all.drawer.hidden) return;
  running?.abort();
  held = undefined;
  const path = all.drawer.dataset.address;
  const inside = all.drawer.contains(document.activeElement) || document.activeElement === document.body;
  all.drawer.hidden = true;
  delete all.drawer.dataset.address;
  all.body.replaceChildren();
  mark(undefined);
  if (inside && path) (linkTo(path) ?? document.getElementById("main"))?.focus();
  listen();
}

function open(link: HTMLAnchorElement): void {
  const path = link.pathname + link.search;
  const address = opening(location.href, path);
  if (address !== location.href) {
    const steps = opened(location.href) === undefined;
    if (steps) history.pushState({ drawer: true }, "", address);
    else history.replaceState(history.state, "", address);
  }
  void show(path, true);
}

/** Close it: a step back when it was opened from here, so that "back" does not open it again. */
function close(): void {
  if (opened(location.href) === undefined) return hide();
  if ((history.state as { drawer?: boolean } | null)?.drawer) return history.back();
  history.replaceState(null, "", opening(location.href, undefined));
  hide();
}

/** Show the row `by` further in the open drawer; false when it is closed. */
export function neighbourInDrawer(by: number): boolean {
  const drawer = document.getElementById("drawer");
  if (!drawer || drawer.hidden) return false;
  const current = linkTo(drawer.dataset.address ?? "");
  current?.focus();
  const next = neighbour(by);
  if (next && next !== current) open(next);
  else parts()?.title.focus();
  return true;
}

/** Bring the drawer to what the address says. */
export function follow(): void {
  const path = opened(location.href);
  if (path === undefined) hide();
  else if (!matchMedia(ROOM).matches) location.replace(path);
  else if (document.getElementById("drawer")?.dataset.address !== path) void show(path, false);
  else mark(path);
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-drawer-close]")) return close();
  const by = event.target.closest<HTMLElement>("[data-drawer-step]")?.dataset.drawerStep;
  if (by) return void neighbourInDrawer(Number(by));
  const link = event.target.closest<HTMLAnchorElement>("a[data-drawer]");
  if (!link || !matchMedia(ROOM).matches || !parts()) return;
  event.preventDefault();
  open(link);
}

export function start(): void {
  if (!parts()) return;
  document.addEventListener("click", onClick);
  document.addEventListener("basefly:placed", () => mark(document.getElementById("drawer")?.dataset.address));
  addEventListener("keydown", (event) => {
    const above = document.querySelector("dialog[open], :popover-open");
    if (event.key === "Escape" && !event.defaultPrevented && !above && !parts()?.drawer.hidden) close();
  });
  if (opened(location.href)) follow();
}
