// Rows that are selected (`data-select`). They stay so over live updates, pages and orders of the same list.

import { announce } from "../announce.ts";
import { t, tn } from "../texts.ts";
import { listName } from "./address.ts";

let anchor: string | undefined;

/** The values from one to another in the order shown, both included; only the second when the first is not shown. */
export function range(shown: readonly string[], from: string | undefined, to: string): string[] {
  const start = from === undefined ? -1 : shown.indexOf(from);
  const end = shown.indexOf(to);
  if (start < 0 || end < 0) return [to];
  return shown.slice(Math.min(start, end), Math.max(start, end) + 1);
}

/** How many are selected, in words. */
export function counted(count: number): string {
  return count ? tn("{n} selected", "{n} selected", count) : t("Nothing selected");
}

function key(): string {
  return `basefly.selected ${listName(location.href)}`;
}

/** What is selected in this list, on whichever page of it. */
export function selected(): Set<string> {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(key()) ?? "[]") as string[]);
  } catch {
    return new Set();
  }
}

function keep(values: Set<string>): void {
  if (values.size) sessionStorage.setItem(key(), JSON.stringify([...values]));
  else sessionStorage.removeItem(key());
  show();
  announce(counted(values.size));
}

function boxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("input[data-select]")];
}

function set(values: readonly string[], on: boolean): void {
  const all = selected();
  for (const value of values) on ? all.add(value) : all.delete(value);
  keep(all);
}

/** Bring boxes and bar to what is selected. */
export function show(): void {
  const all = selected();
  const shown = boxes();
  for (const box of shown) {
    box.checked = all.has(box.value);
    box.closest("[data-rows] > *")?.toggleAttribute("data-selected", box.checked);
  }
  const here = shown.filter((box) => box.checked).length;
  for (const head of document.querySelectorAll<HTMLInputElement>("input[data-select-all]")) {
    head.checked = here > 0 && here === shown.length;
    head.indeterminate = here > 0 && here < shown.length;
  }
  for (const bar of document.querySelectorAll<HTMLElement>("[data-selection-bar], [data-selection]:not(form)")) {
    bar.hidden = all.size === 0;
    const text = bar.querySelector("[data-selection-count]");
    if (text) text.textContent = counted(all.size);
  }
}

/** Select a row or take it out again; `upTo` takes in all from the one before. */
export function selectRow(row: HTMLElement | undefined, upTo: boolean): void {
  const box = row?.querySelector<HTMLInputElement>("input[data-select]");
  if (box) toggle(box, !box.checked || upTo, upTo);
}

function toggle(box: HTMLInputElement, on: boolean, upTo: boolean): void {
  const shown = boxes().map((one) => one.value);
  set(upTo ? range(shown, anchor, box.value) : [box.value], on);
  anchor = box.value;
}

/** A bulk action takes what is selected along, from every page of the list. */
function carry(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("form[data-bulk]")) return;
  for (const old of form.querySelectorAll("input[data-carried]")) old.remove();
  for (const value of selected()) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "selected", value });
    field.dataset.carried = "";
    form.append(field);
  }
}

function onClick(event: MouseEvent): void {
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-select-none]")) return keep(new Set());
  const box = event.target.closest<HTMLInputElement>("input[data-select], input[data-select-all]");
  if (!box) return;
  if (box.matches("[data-select-all]")) set(boxes().map((one) => one.value), box.checked);
  else toggle(box, box.checked, event.shiftKey);
}

export function start(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", carry, { capture: true });
  document.addEventListener("basefly:placed", show);
  addEventListener("pageshow", show);
  show();
}
