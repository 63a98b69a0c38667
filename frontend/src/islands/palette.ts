// Ctrl+K: one box that finds pages, actions, clusters and objects. What is known here shows at once; the server adds.

import { t, tn } from "../texts.ts";
import { completed, type Cluster, clusterFound, type Found, grouped, GROUPS, type Match, named, objectFound, PREFIXES, prefixesFor } from "./found.ts";

interface Answer {
  items: Match[];
  clusters: Cluster[];
  total?: number;
}

const PAUSE = 60;
const AT_MOST = 8;
const RECENT = "basefly.recent";
const RECENT_KEPT = 8;
const TEXT = {
  hint: t("Type a name, or pick a page."),
  failed: t("The search did not answer. This is what this page knows."),
  asking: t("Searching…"),
};

let started = false;
let timer = 0;
let running: AbortController | undefined;

function parts() {
  const dialog = document.getElementById("palette") as HTMLDialogElement;
  const input = dialog.querySelector<HTMLInputElement>("input")!;
  const list = dialog.querySelector<HTMLElement>("[role=listbox]")!;
  const note = dialog.querySelector<HTMLElement>("[data-note]")!;
  return { dialog, input, list, note };
}

function pages(): Found[] {
  return [...document.querySelectorAll<HTMLAnchorElement>("#nav a[href]")].map((link) => ({
    group: GROUPS.page,
    kind: t("Page"),
    name: link.textContent?.trim() ?? "",
    where: link.dataset.group ?? "",
    href: link.href,
  }));
}

/** What one can do here: elements with `data-action`, its value the name, or else what they say. */
function actions(): Found[] {
  return [...document.querySelectorAll<HTMLElement>("[data-action]")].map((element) => ({
    group: GROUPS.action,
    kind: t("Action"),
    name: element.dataset.action || (element.textContent?.trim() ?? ""),
    where: "",
    href: "",
    run: () => (element.matches("input, select, textarea") ? element.focus() : element.click()),
  }));
}

function recent(): Found[] {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT) ?? "[]") as Found[];
    return kept.filter((one) => one.href.startsWith("/")).map((one) => ({ ...one, group: GROUPS.recent }));
  } catch {
    return [];
  }
}

function remember({ kind, name, where, href }: Found): void {
  const url = new URL(href, location.href);
  const path = url.pathname + url.search;
  if (path.startsWith("/search")) return;
  const others = recent().filter((one) => one.href !== path);
  const kept = [{ group: GROUPS.recent, kind, name, where, href: path }, ...others].slice(0, RECENT_KEPT);
  localStorage.setItem(RECENT, JSON.stringify(kept));
}

/** What is known here without asking. */
function local(text: string): Found[] {
  if (!text) return [...recent(), ...pages(), ...actions(), ...PREFIXES.map(([prefix, example]) => prefixFound(prefix, example))];
  const known = [...named(text, recent()).slice(0, 3), ...named(text, pages()).slice(0, 4), ...named(text, actions()).slice(0, 4)];
  return [...known, ...prefixesFor(text).map((prefix) => prefixFound(prefix, PREFIXES.find(([one]) => one === prefix)?.[1] ?? ""))];
}

function prefixFound(prefix: string, example: string): Found {
  const run = () => {
    const { input } = parts();
    input.value = completed(input.value, prefix);
    input.focus();
    void search();
  };
  return { group: GROUPS.prefix, kind: "", name: prefix, where: example, href: "", run };
}

/** The server's answer to the same text stays up to the next one, so that the list does not flicker while one types. */
async function search(): Promise<void> {
  const { input, note } = parts();
  const text = input.value.trim();
  running?.abort();
  const mine = (running = new AbortController());
  const known = local(text);
  show(known, "");
  note.textContent = text ? TEXT.asking : TEXT.hint;
  if (!text) return;
  const query = new URLSearchParams({ q: text, limit: String(AT_MOST) });
  try {
    const answer = await fetch(`/api/v1/search?${query}`, { signal: mine.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const { items, clusters, total } = (await answer.json()) as Answer;
    const found = [...known, ...clusters.slice(0, 4).map(clusterFound), ...items.map(objectFound)];
    note.textContent = found.length ? tn("{n} found.", "{n} found.", found.length) : t("Nothing is called “{text}”.", { text });
    const all = total === undefined ? t("All results for “{text}”", { text }) : tn("The one result for “{text}”", "All {n} results for “{text}”", total, { text });
    show(found, items.length + clusters.length ? all : "");
  } catch {
    if (!mine.signal.aborted) note.textContent = TEXT.failed;
  }
}

function show(found: readonly Found[], all: string): void {
  const { input, list } = parts();
  const chosen = list.querySelector("[aria-selected=true]")?.getAttribute("data-key");
  const groups = [...grouped(found)].map(([name, inside]) => group(name, inside));
  const href = `/search?${new URLSearchParams({ q: input.value.trim() })}`;
  if (all) groups.push(option({ group: "", kind: "", name: all, where: "", href }));
  list.replaceChildren(...groups);
  const options = optionsOf(list);
  options.forEach((one, at) => (one.id = `found-${at}`));
  select(Math.max(0, options.findIndex((one) => one.dataset.key === chosen)));
}

function optionsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[role=option]")];
}

function group(name: string, found: readonly Found[]): HTMLElement {
  const made = document.createElement("div");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", name);
  const head = Object.assign(document.createElement("p"), { className: "palette-group", textContent: name });
  head.setAttribute("aria-hidden", "true");
  made.append(head, ...found.map(option));
  return made;
}

function option(found: Found): HTMLElement {
  const made = document.createElement(found.href ? "a" : "div");
  if (made instanceof HTMLAnchorElement) made.href = found.href;
  made.className = "found";
  made.tabIndex = -1;
  made.dataset.key = found.href || found.name;
  made.setAttribute("role", "option");
  for (const [className, textContent] of [["kind", found.kind], ["name", found.name], ["where", found.where]] as const) {
    made.append(Object.assign(document.createElement("span"), { className, textContent }));
  }
  made.addEventListener("click", (event) => event instanceof MouseEvent && take(found, event));
  return made;
}

function take(found: Found, event: MouseEvent): void {
  if (found.href) {
    remember(found);
    if (!event.ctrlKey && !event.metaKey) parts().dialog.close();
    return;
  }
  if (found.group !== GROUPS.prefix) parts().dialog.close();
  found.run?.();
}

function select(index: number): void {
  const { input, list } = parts();
  const options = optionsOf(list);
  options.forEach((one, at) => one.setAttribute("aria-selected", String(at === index)));
  input.setAttribute("aria-activedescendant", options[index]?.id ?? "");
  input.setAttribute("aria-expanded", String(options.length > 0));
  options[index]?.scrollIntoView({ block: "nearest" });
}

function onKey(event: KeyboardEvent): void {
  const options = optionsOf(parts().list);
  const current = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move && options.length) {
    event.preventDefault();
    select((current + move + options.length) % options.length);
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    const { ctrlKey, metaKey } = event;
    options[current]?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey }));
  }
}

function listen(): void {
  const { dialog, input } = parts();
  input.addEventListener("keydown", onKey);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    show(local(input.value.trim()), "");
    timer = window.setTimeout(() => void search(), PAUSE);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

/** The dialog is open: fill it. */
export function open(): void {
  if (!started) listen();
  started = true;
  void search();
}
