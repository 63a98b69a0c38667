// Tabs that are wider than a phone: the one that is open is in sight from the start.

/** How far to scroll a bar so that a part of it stands in its middle; both are measured on the screen. */
export function toMiddle(bar: { left: number; width: number }, part: { left: number; width: number }): number {
  return part.left + part.width / 2 - (bar.left + bar.width / 2);
}

export function start(): void {
  for (const bar of document.querySelectorAll(".tabs")) {
    const open = bar.querySelector("[aria-current]");
    if (open) bar.scrollLeft += toMiddle(bar.getBoundingClientRect(), open.getBoundingClientRect());
  }
}
