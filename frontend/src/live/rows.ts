// Rows do not jump under a reader's hands: what would appear, move or vanish waits until they ask for it.

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
  if (held.arrived) parts.push(`${held.arrived} new`);
  if (held.left) parts.push(`${held.left} gone`);
  return parts.join(", ") || "The order has changed";
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

let touchedAt = 0;

/** Remember touches: on a phone no pointer rests over the list, yet a finger was there a moment ago. */
export function watchTouches(): void {
  addEventListener("touchstart", () => (touchedAt = Date.now()), { passive: true });
}

const TOUCH_LASTS = 5000;

/** Whether somebody is at work in this element: pointing at it, focused in it, or selecting its text. */
export function atWork(element: HTMLElement): boolean {
  const selection = getSelection();
  const selecting = selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
  const touching = Date.now() - touchedAt < TOUCH_LASTS;
  return element.matches(":hover") || element.contains(document.activeElement) || selecting || touching;
}
