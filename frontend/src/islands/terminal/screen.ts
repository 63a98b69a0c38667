// A terminal on the page: xterm in our colours, as wide as the page, searchable, and read aloud to whoever wants it.

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { type ITheme, Terminal } from "@xterm/xterm";
import { t } from "../../texts.ts";

const SIZES = [8, 24] as const;
const FIRST_SIZE = 14;
const KEPT = "terminal-font";
const TEXT = { find: t("Find in the terminal"), smaller: t("Smaller text"), larger: t("Larger text"), aloud: t("For screen readers") };

export class Screen {
  readonly terminal: Terminal;
  readonly tools = make("div", "term-tools");
  readonly note = make("p", "term-note");
  readonly #fit = new FitAddon();
  readonly #find = new SearchAddon();

  constructor(root: HTMLElement, { fitted, ...options }: { fitted: boolean; disableStdin?: boolean }) {
    this.terminal = new Terminal({
      fontFamily: getComputedStyle(root).getPropertyValue("--mono") || "monospace",
      fontSize: Number(localStorage.getItem(KEPT)) || FIRST_SIZE,
      lineHeight: 1.2, // less would cut off underscores
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      screenReaderMode: localStorage.getItem("terminal-aloud") === "true",
      theme: theme(root),
      ...options,
    });
    const pane = make("div", "term-pane");
    this.note.setAttribute("role", "status");
    root.classList.add("term");
    root.replaceChildren(this.tools, pane, this.note);
    this.terminal.loadAddon(this.#find);
    this.terminal.loadAddon(this.#fit);
    this.terminal.open(pane);
    this.terminal.textarea?.setAttribute("aria-label", root.getAttribute("aria-label") ?? "");
    if (fitted) new ResizeObserver(() => this.fit()).observe(pane);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => this.#paint(root));
    }
    new MutationObserver(() => this.#paint(root)).observe(document.documentElement, { attributes: true });
    this.#comfort(fitted);
  }

  fit(): void {
    this.#fit.fit();
  }

  say(text: string): void {
    this.note.textContent = text;
  }

  #paint(root: HTMLElement): void {
    this.terminal.options.theme = theme(root);
  }

  /** Search, the size of the letters, and a screen that can be read aloud. */
  #comfort(fitted: boolean): void {
    const search = Object.assign(document.createElement("input"), { type: "search", className: "input", placeholder: TEXT.find });
    search.setAttribute("aria-label", TEXT.find);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.terminal.focus();
      if (event.key === "Enter") event.shiftKey ? this.#find.findNext(search.value) : this.#find.findPrevious(search.value);
    });
    search.addEventListener("input", () => this.#find.findPrevious(search.value, { incremental: true }));
    const aloud = Object.assign(document.createElement("input"), { type: "checkbox", checked: this.terminal.options.screenReaderMode });
    aloud.addEventListener("change", () => {
      this.terminal.options.screenReaderMode = aloud.checked;
      localStorage.setItem("terminal-aloud", String(aloud.checked));
    });
    const label = make("label", "check");
    label.append(aloud, ` ${TEXT.aloud}`);
    this.tools.append(search, button(TEXT.smaller, () => this.#letters(-1, fitted)), button(TEXT.larger, () => this.#letters(1, fitted)), label);
  }

  #letters(step: number, fitted: boolean): void {
    const size = Math.min(SIZES[1], Math.max(SIZES[0], (this.terminal.options.fontSize ?? FIRST_SIZE) + step));
    this.terminal.options.fontSize = size;
    localStorage.setItem(KEPT, String(size));
    if (fitted) this.fit();
  }
}

/** Our own colours, as they are in this theme: read from an element that wears them. */
function theme(root: HTMLElement): ITheme {
  const probe = make("i", "");
  root.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = { background: read("--sunken"), foreground: read("--text"), cursor: read("--text"), cursorAccent: read("--sunken") };
  const selection = read("--accent").replace(/^rgb\((.*)\)$/, "rgba($1, 0.3)");
  probe.remove();
  return { ...colours, selectionBackground: selection };
}

export function make(name: string, className: string): HTMLElement {
  return Object.assign(document.createElement(name), { className });
}

export function button(text: string, press: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: text });
  made.addEventListener("click", press);
  return made;
}

/** The styles of terminals, which no other page needs. */
export function dressed(): Promise<void> {
  const href = document.querySelector<HTMLElement>("[data-terminal-style]")?.dataset.terminalStyle;
  if (!href) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  const done = new Promise<void>((resolve) => (link.onload = link.onerror = () => resolve()));
  document.head.append(link);
  return done;
}
