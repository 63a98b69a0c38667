// What could come next in a filter: suggestions for the word at the caret, walked with the arrows, taken with Enter.

import { announce } from "../announce.ts";

interface Span {
  start: number;
  end: number;
}

interface Suggestion {
  text: string;
  insert: string;
  count: number | null;
}

interface Answer extends Span {
  items: Suggestion[];
}

const PAUSE = 80;
const SCOPE = ["cluster", "set", "namespace"];
const FOUND = { one: "1 suggestion", many: "{n} suggestions" };
const NOTHING: Answer = { start: 0, end: 0, items: [] };

let answer = NOTHING;
let active = -1;
let timer = 0;
let running: AbortController | undefined;

/**
 * The query with one of its words replaced, and where the caret stands then: behind a space after a whole value.
 * Whoever typed on since it was asked for (`at` is where they are) has written more of the same word.
 */
export function taken(query: string, { start, end }: Span, insert: string, at = end): { text: string; caret: number } {
  if (at > end && !/\s/.test(query.slice(end, at))) end = at;
  const word = insert.endsWith(":") ? insert : `${insert} `;
  const rest = word.endsWith(" ") ? query.slice(end).trimStart() : query.slice(end);
  return { text: query.slice(0, start) + word + rest, caret: start + word.length };
}

/** Where suggestions for a query come from, in the scope of the page. */
export function source(address: string, query: string, at: number, page: string): string {
  const asked = new URLSearchParams({ q: query, at: String(at) });
  for (const [name, value] of new URLSearchParams(page)) if (SCOPE.includes(name)) asked.append(name, value);
  return `${address}?${asked}`;
}

function listOf(input: HTMLInputElement): HTMLElement | null {
  return document.getElementById(input.getAttribute("aria-controls") ?? "");
}

function show(input: HTMLInputElement): void {
  const list = listOf(input);
  if (!list) return;
  list.replaceChildren(...answer.items.map((item, at) => option(item, `${list.id}-${at}`, at === active)));
  list.hidden = answer.items.length === 0;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", String(!list.hidden));
  if (active >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${active}`);
  else input.removeAttribute("aria-activedescendant");
}

function option({ text, count }: Suggestion, id: string, selected: boolean): HTMLElement {
  const made = Object.assign(document.createElement("li"), { id, role: "option" });
  made.setAttribute("aria-selected", String(selected));
  made.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (count !== null) made.append(Object.assign(document.createElement("small"), { textContent: count.toLocaleString() }));
  return made;
}

async function ask(input: HTMLInputElement): Promise<void> {
  running?.abort();
  const mine = (running = new AbortController());
  const at = input.selectionStart ?? input.value.length;
  try {
    const response = await fetch(source(input.dataset.suggest ?? "", input.value, at, location.search), { signal: mine.signal });
    if (mine.signal.aborted || document.activeElement !== input) return;
    answer = response.ok ? ((await response.json()) as Answer) : NOTHING;
  } catch {
    if (mine.signal.aborted) return;
    answer = NOTHING; // whoever types needs no suggestions to go on
  }
  active = -1;
  show(input);
  const count = answer.items.length;
  if (count) announce(count === 1 ? FOUND.one : FOUND.many.replace("{n}", String(count)));
}

function hide(input: HTMLInputElement): void {
  running?.abort();
  clearTimeout(timer);
  answer = NOTHING;
  active = -1;
  show(input);
}

function take(input: HTMLInputElement, at: number): void {
  const item = answer.items[at];
  if (!item) return;
  const { text, caret } = taken(input.value, answer, item.insert, input.selectionStart ?? answer.end);
  input.value = text;
  input.setSelectionRange(caret, caret);
  hide(input);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function onKey(event: KeyboardEvent, input: HTMLInputElement): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = answer.items.length;
  if (by && count) active = (active + by + count + (active < 0 && by < 0 ? 1 : 0)) % count;
  else if (event.key === "Enter" && active >= 0 && !event.isComposing) take(input, active);
  else if (event.key === "Escape" && count) hide(input);
  else if (event.key === "Tab") return hide(input); // a list that scrolls is a stop of Tab, and would take the focus along as it closes
  else return;
  event.preventDefault();
  if (by) show(input);
}

function inputOf(target: EventTarget | null): HTMLInputElement | undefined {
  return target instanceof HTMLInputElement && target.dataset.suggest ? target : undefined;
}

let started = false;

/** Suggest from now on, in every field that says where from (`data-suggest`). */
export function start(field: HTMLInputElement): void {
  if (started) return;
  started = true;
  const later = (input: HTMLInputElement) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(input), PAUSE);
  };
  document.addEventListener("input", (event) => inputOf(event.target) && later(inputOf(event.target)!));
  document.addEventListener("focusin", (event) => inputOf(event.target) && later(inputOf(event.target)!));
  document.addEventListener("focusout", (event) => inputOf(event.target) && hide(inputOf(event.target)!));
  document.addEventListener("keydown", (event) => inputOf(event.target) && onKey(event, inputOf(event.target)!), { capture: true });
  document.addEventListener("pointerdown", (event) => {
    const input = inputOf(document.activeElement);
    const chosen = event.target instanceof Element && event.target.closest<HTMLElement>("[role=option]");
    const list = input && listOf(input);
    if (!input || !list || !chosen || !list.contains(chosen)) return;
    event.preventDefault();
    take(input, [...list.children].indexOf(chosen));
  });
  document.addEventListener("basefly:placed", () => {
    const input = inputOf(document.activeElement);
    if (input) show(input);
  });
  if (document.activeElement === field) later(field);
}
