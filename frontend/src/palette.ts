// Ctrl+K: one box that finds pages, clusters and objects. The server searches; the pages of the menu are known here.

import { isTyping } from "./keyboard.ts";

interface Found {
  kind: string;
  name: string;
  where: string;
  href: string;
}

interface Cluster {
  id: string;
  name: string;
}

interface Match {
  kind: string;
  resource: string;
  namespace: string;
  name: string;
  cluster: Cluster;
}

interface Answer {
  items: Match[];
  clusters: Cluster[];
}

const PAUSE = 80;
const AT_MOST = 12;

let timer = 0;
let running: AbortController | undefined;

/** A cluster as a result. */
export function clusterFound(cluster: Cluster): Found {
  return { kind: "Cluster", name: cluster.name, where: "", href: `/clusters/${encodeURIComponent(cluster.id)}` };
}

/** An object as a result; its page is under its cluster. */
export function objectFound(match: Match): Found {
  const query = match.namespace ? `?namespace=${encodeURIComponent(match.namespace)}` : "";
  const path = [match.cluster.id, "objects", match.resource, match.name].map(encodeURIComponent).join("/");
  const where = [match.namespace, match.cluster.name].filter(Boolean).join(" · ");
  return { kind: match.kind, name: match.name, where, href: `/clusters/${path}${query}` };
}

/** The pages whose name begins with, or else contains, what was typed. */
export function pagesFor(text: string, pages: readonly Found[]): Found[] {
  const wanted = text.trim().toLowerCase();
  const starts = pages.filter((page) => page.name.toLowerCase().startsWith(wanted));
  const contains = pages.filter((page) => !starts.includes(page) && page.name.toLowerCase().includes(wanted));
  return [...starts, ...contains];
}

function parts() {
  const dialog = document.getElementById("palette") as HTMLDialogElement;
  const input = dialog.querySelector<HTMLInputElement>("input")!;
  const list = dialog.querySelector<HTMLElement>("[role=listbox]")!;
  const note = dialog.querySelector<HTMLElement>("[data-note]")!;
  return { dialog, input, list, note };
}

function menu(): Found[] {
  return [...document.querySelectorAll<HTMLAnchorElement>("#nav a[href]")].map((link) => ({
    kind: "Page",
    name: link.textContent?.trim() ?? "",
    where: link.dataset.group ?? "",
    href: link.href,
  }));
}

function open(): void {
  const { dialog, input } = parts();
  if (dialog.open) return dialog.close();
  dialog.showModal();
  input.select();
  void search();
}

async function search(): Promise<void> {
  const { input, note } = parts();
  const text = input.value.trim();
  running?.abort();
  const mine = (running = new AbortController());
  const pages = pagesFor(text, menu());
  if (!text) {
    note.textContent = "Type a name, or pick a page.";
    return show(pages);
  }
  const query = new URLSearchParams({ q: text, limit: String(AT_MOST) });
  try {
    const answer = await fetch(`/api/v1/search?${query}`, { signal: mine.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const { items, clusters } = (await answer.json()) as Answer;
    const found = [...pages.slice(0, 3), ...clusters.slice(0, 4).map(clusterFound), ...items.map(objectFound)];
    note.textContent = found.length ? `${found.length} found.` : `Nothing is called “${text}”.`;
    show(found);
  } catch {
    if (mine.signal.aborted) return;
    note.textContent = "The search did not answer. These pages match.";
    show(pages);
  }
}

function show(found: readonly Found[]): void {
  const { list } = parts();
  list.replaceChildren(...found.map(option));
  select(0);
}

function option(found: Found, index: number): HTMLElement {
  const link = document.createElement("a");
  link.id = `found-${index}`;
  link.href = found.href;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  for (const [className, text] of [["kind", found.kind], ["name", found.name], ["where", found.where]] as const) {
    link.append(Object.assign(document.createElement("span"), { className, textContent: text }));
  }
  return link;
}

function select(index: number): void {
  const { input, list } = parts();
  const options = [...list.children];
  options.forEach((one, at) => one.setAttribute("aria-selected", String(at === index)));
  const chosen = options[index];
  input.setAttribute("aria-activedescendant", chosen?.id ?? "");
  input.setAttribute("aria-expanded", String(options.length > 0));
  chosen?.scrollIntoView({ block: "nearest" });
}

function onKey(event: KeyboardEvent): void {
  const { list } = parts();
  const options = [...list.querySelectorAll<HTMLAnchorElement>("a")];
  const current = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move) {
    event.preventDefault();
    select((current + move + options.length) % options.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const link = options[current];
    if (link && (event.ctrlKey || event.metaKey)) window.open(link.href);
    else link?.click();
  }
}

export function start(): void {
  if (!document.getElementById("palette")) return;
  const { dialog, input } = parts();
  document.addEventListener("click", (event) => {
    const opener = event.target instanceof Element && event.target.closest("[data-open-palette]");
    if (!opener) return;
    event.preventDefault();
    open();
  });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.shiftKey) {
      if (isTyping(event.target) && (event.target as Element).closest(".editor, .terminal")) return;
      event.preventDefault();
      open();
    }
  });
  input.addEventListener("keydown", onKey);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(search, PAUSE);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
