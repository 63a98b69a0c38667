// The rows of the page: plain links in a table. Keys only move the focus among them.

const LINKS = "[data-rows] [data-row-link]";

export function rowLinks(): HTMLAnchorElement[] {
  return [...document.querySelectorAll<HTMLAnchorElement>(LINKS)];
}

/** The row that has the focus. */
export function focusedRow(): HTMLElement | undefined {
  return document.activeElement?.closest<HTMLElement>("[data-rows] > *") ?? undefined;
}

/** The link of the row that has the focus, or else of the one that the drawer shows. */
export function currentLink(): HTMLAnchorElement | undefined {
  const row = focusedRow();
  const links = rowLinks();
  return links.find((link) => row?.contains(link)) ?? links.find((link) => link.matches("[aria-current]"));
}

/** The link `by` rows further than the one that is current. */
export function neighbour(by: number): HTMLAnchorElement | undefined {
  const links = rowLinks();
  const current = currentLink();
  const at = current ? links.indexOf(current) : -1;
  return links[Math.min(links.length - 1, Math.max(0, at + by))];
}
