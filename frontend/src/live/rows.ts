// Rows do not jump: what would appear, move or vanish waits until the reader asks for it.

import { t, tn } from "../texts.ts";

export interface Held {
  arrived: number;
  left: number;
}

/**
 * How many rows arrived and how many left. Where more pages follow, one that arrives pushes the last one over to the
 * next page, and one that leaves pulls another up: those at the end came and went for that reason alone.
 */
export function compare(shown: readonly string[], next: readonly string[], paged: boolean): Held {
  return { arrived: strangers(next, shown, paged).size, left: strangers(shown, next, paged).size };
}

function strangers(ids: readonly string[], others: readonly string[], paged: boolean): Set<string> {
  const known = new Set(others);
  const end = paged ? ids.findLastIndex((id) => known.has(id)) + 1 : ids.length;
  return new Set(ids.slice(0, end).filter((id) => !known.has(id)));
}

/** "12 new, 3 gone", or "In another order" when only that changed. */
export function summary(held: Held): string {
  const parts = [];
  if (held.arrived) parts.push(tn("{n} new", "{n} new", held.arrived));
  if (held.left) parts.push(tn("{n} gone", "{n} gone", held.left));
  return parts.join(", ") || t("The order has changed");
}

/**
 * Make the rows of `next` (not yet on the page) keep the set and order of those in `shown`.
 *
 * Rows that both have take their new content. Those that left stay, marked; those that arrived wait. `paged` says that
 * more pages follow. Returns what is held back, or undefined when nothing had to be.
 */
export function holdBack(shown: HTMLElement, next: HTMLElement, paged: boolean): Held | undefined {
  const old = rowsOf(shown);
  const fresh = new Map(rowsOf(next).map((row) => [row.id, row]));
  const ids = old.map((row) => row.id);
  const nextIds = [...fresh.keys()];
  if (ids.length === nextIds.length && ids.every((id, index) => id === nextIds[index])) return undefined;
  const left = strangers(ids, nextIds, paged);
  next.replaceChildren(...old.map((row) => fresh.get(row.id) ?? kept(row, left.has(row.id))));
  return compare(ids, nextIds, paged);
}

function rowsOf(body: HTMLElement): HTMLElement[] {
  return [...body.children].filter((row): row is HTMLElement => row instanceof HTMLElement && row.id !== "");
}

function kept(row: HTMLElement, gone: boolean): HTMLElement {
  const copy = row.cloneNode(true) as HTMLElement;
  copy.classList.toggle("gone", gone);
  return copy;
}

/** Mark every row as gone: the news have none left, and what is read must not vanish. */
export function markGone(shown: HTMLElement): Held {
  const rows = rowsOf(shown);
  for (const row of rows) row.classList.add("gone");
  return { arrived: 0, left: rows.length };
}
