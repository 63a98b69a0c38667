// The log view: only the lines in sight are elements, so that ten thousand of them scroll as lightly as ten.

import { announce } from "../announce.ts";
import { t, tn } from "../texts.ts";
import { clock, type Filter, filterOf, type Line, Store } from "./log-lines.ts";

const MOST = 10_000;
const HEIGHT = 21; // px of a line that is not wrapped; the style says the same
const BEYOND = 20; // lines drawn above and below what is in sight
const RETRY = [1000, 2000, 5000, 10_000];
const TEXT = {
  filter: t("Filter: text or /regex/"),
  only: t("Only matches"),
  wrap: t("Wrap"),
  follow: t("Follow"),
  utc: "UTC",
  download: t("Download"),
  wrong: t("This pattern cannot be read."),
  over: t("The log has ended."),
  broken: t("The stream broke off. Trying again…"),
  label: t("Log"),
};

type Box = "only" | "wrap" | "follow" | "utc";

class View {
  readonly #root: HTMLElement;
  readonly #store = new Store(MOST);
  readonly #pane = make("div", "log-pane");
  readonly #sheet = make("div", "log-sheet");
  readonly #note = make("p", "log-note");
  readonly #search = Object.assign(document.createElement("input"), { type: "search", className: "input", placeholder: TEXT.filter });
  readonly #boxes = {} as Record<Box, HTMLInputElement>;
  #filter: Filter | undefined;
  #kept: Line[] = [];
  #due = 0;
  #said = "";

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#pane.tabIndex = 0;
    this.#pane.setAttribute("role", "log");
    this.#pane.setAttribute("aria-live", "off");
    this.#pane.setAttribute("aria-label", root.getAttribute("aria-label") ?? TEXT.label);
    this.#note.setAttribute("role", "status");
    this.#pane.append(this.#sheet);
    root.replaceChildren(this.#tools(), this.#pane, this.#note);
    root.classList.add("log");
    this.#pane.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.#pane);
  }

  get store(): Store {
    return this.#store;
  }

  /** Something came in: draw at the next frame. */
  changed(said = ""): void {
    this.#said = said;
    if (!this.#due) this.#due = requestAnimationFrame(() => this.#renew());
  }

  #tools(): HTMLElement {
    const tools = make("div", "log-tools");
    this.#search.setAttribute("aria-label", TEXT.filter);
    this.#search.dataset.filter = "";
    this.#search.addEventListener("input", () => this.#refilter());
    tools.append(this.#search);
    for (const name of ["only", "wrap", "follow", "utc"] as const) tools.append(this.#box(name));
    const save = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: TEXT.download });
    save.addEventListener("click", () => this.#download());
    tools.append(save);
    return tools;
  }

  #box(name: Box): HTMLElement {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: name === "follow" });
    this.#boxes[name] = box;
    box.addEventListener("change", () => {
      this.#pane.classList.toggle("wrapped", this.#boxes.wrap.checked);
      this.#renew();
    });
    const label = make("label", "check");
    label.append(box, ` ${TEXT[name]}`);
    return label;
  }

  #refilter(): void {
    try {
      this.#filter = filterOf(this.#search.value);
      this.#search.removeAttribute("aria-invalid");
    } catch {
      this.#search.setAttribute("aria-invalid", "true");
      this.#note.textContent = TEXT.wrong;
      return;
    }
    this.#renew();
    announce(this.#note.textContent ?? "");
  }

  #renew(): void {
    cancelAnimationFrame(this.#due);
    this.#due = 0;
    const { lines, dropped } = this.#store;
    const filter = this.#filter;
    const matching = filter ? lines.filter((line) => filter.find(line.text)) : lines;
    this.#kept = this.#boxes.only.checked ? matching : lines;
    this.#draw();
    const count = filter ? tn("{n} line, {m} match", "{n} lines, {m} match", lines.length, { m: matching.length }) : tn("{n} line", "{n} lines", lines.length);
    const capped = dropped ? t("The newest {n} are shown; the download has all of these.", { n: MOST }) : "";
    const note = [count, capped, this.#said].filter(Boolean).join(" · ");
    if (this.#note.textContent !== note) this.#note.textContent = note;
  }

  /** Draw the lines in sight. Wrapped ones differ in height, so of those the newest thousand are all drawn. */
  #draw(): void {
    const wrapped = this.#boxes.wrap.checked;
    const all = wrapped ? this.#kept.slice(-1000) : this.#kept;
    const follow = this.#boxes.follow.checked;
    const height = this.#pane.clientHeight;
    const top = follow ? Math.max(0, all.length * HEIGHT - height) : this.#pane.scrollTop;
    const first = wrapped ? 0 : Math.max(0, Math.floor(top / HEIGHT) - BEYOND);
    const last = wrapped ? all.length : Math.min(all.length, Math.ceil((top + height) / HEIGHT) + BEYOND);
    this.#sheet.style.blockSize = wrapped ? "auto" : `${all.length * HEIGHT}px`;
    this.#sheet.style.paddingBlockStart = wrapped ? "0" : `${first * HEIGHT}px`;
    this.#sheet.replaceChildren(...all.slice(first, last).map((line) => this.#line(line)));
    if (follow) this.#pane.scrollTop = this.#pane.scrollHeight;
  }

  #line({ at, level, text }: Line): HTMLElement {
    const made = make("div", level ? `log-line ${level}` : "log-line");
    if (at) {
      const time = Object.assign(document.createElement("time"), { dateTime: at.toISOString(), textContent: clock(at, this.#boxes.utc.checked) });
      made.append(time, " ");
    }
    const found = this.#filter?.find(text);
    if (!found || found[0] === found[1]) made.append(text || " ");
    else {
      const mark = Object.assign(document.createElement("mark"), { textContent: text.slice(...found) });
      made.append(text.slice(0, found[0]), mark, text.slice(found[1]));
    }
    return made;
  }

  /** Who scrolls up wants to read; who comes back to the end follows again. */
  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#pane;
    const atEnd = scrollHeight - scrollTop - clientHeight < HEIGHT;
    if (this.#boxes.follow.checked !== atEnd) this.#boxes.follow.checked = atEnd;
    if (!atEnd) this.#draw();
  }

  #download(): void {
    const text = this.#store.lines.map(({ at, text }) => (at ? `${at.toISOString()} ${text}` : text)).join("\n");
    const address = URL.createObjectURL(new Blob([text, "\n"], { type: "text/plain" }));
    const link = Object.assign(document.createElement("a"), { href: this.#root.dataset.download ?? address });
    link.download = this.#root.dataset.name ?? "log.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}

function make(name: string, className: string): HTMLElement {
  return Object.assign(document.createElement(name), { className });
}

/** Read a text stream to its end. */
async function read(address: string, view: View): Promise<void> {
  const answer = await fetch(address, { headers: { Accept: "text/plain" } });
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    view.store.take(piece.value);
    view.changed();
  }
  view.store.end();
}

/** Read on after a break, from the last line that came; the server is told from when (`since`, RFC 3339). */
async function follow(address: string, view: View, root: HTMLElement): Promise<void> {
  for (let failures = 0; root.isConnected; ) {
    const had = view.store.lines.length + view.store.dropped;
    try {
      const last = view.store.lines.findLast((line) => line.at)?.at;
      const url = new URL(address, location.href);
      if (last) url.searchParams.set("since", last.toISOString());
      await read(url.href, view);
      return view.changed(TEXT.over);
    } catch {
      failures = view.store.lines.length + view.store.dropped > had ? 0 : failures + 1;
      view.changed(TEXT.broken);
      await new Promise((done) => setTimeout(done, RETRY[Math.min(failures, RETRY.length - 1)]));
    }
  }
}

/** Show a log in this element: of the stream at its `data-log`, or of the JSON list of lines that `#ID` names. */
export function mount(root: HTMLElement): void {
  const source = root.dataset.log ?? "";
  const view = new View(root);
  if (!source.startsWith("#")) return void follow(source, view, root);
  view.store.add(JSON.parse(document.getElementById(source.slice(1))?.textContent ?? "[]") as string[]);
  view.changed();
}
