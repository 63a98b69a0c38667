// Keeps the page true: hears which topics changed and fetches the parts that show them.

import * as freshness from "./freshness.ts";
import { FragmentError, load, type Occasion, place } from "./fragments.ts";
import { Stream } from "./stream.ts";
import { address, matches, patterns } from "./topics.ts";

const THROTTLE = 100; // milliseconds between two renewals of a part, unless its data-pace says more
const BATCH = 50; // milliseconds in which news are gathered before the first of them is fetched

const AGAIN = 5000; // milliseconds until a part that could not be fetched is asked for again

const dirty = new Set<string>();
const busy = new Set<string>();
const started = new Map<string, number>();

const stream = new Stream({
  changed: (topics) => mark((element) => patterns(element).some((pattern) => topics.some((topic) => matches(pattern, topic)))),
  reset: () => mark(() => true),
  linked: freshness.linked,
});

function parts(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-live][id]")];
}

/** Listen to what this page shows; call again after its content was swapped. */
export function listen(): void {
  const all = parts().flatMap(patterns);
  stream.listen(all.length ? address(all) : "");
  if (all.length) freshness.refreshed();
}

/** Fetch the chosen parts again, each no faster than its pace. */
function mark(chosen: (element: HTMLElement) => boolean): void {
  for (const element of parts()) {
    if (!chosen(element) || dirty.has(element.id)) continue;
    dirty.add(element.id);
    if (!busy.has(element.id)) schedule(element);
  }
}

function schedule(element: HTMLElement): void {
  const pace = Number(element.dataset.pace ?? THROTTLE);
  const due = (started.get(element.id) ?? 0) + pace;
  setTimeout(() => void refresh(element.id), Math.max(BATCH, due - Date.now()));
}

async function refresh(id: string): Promise<void> {
  dirty.delete(id);
  busy.add(id);
  started.set(id, Date.now());
  await renew(id, "news").catch((error: unknown) => failed(error, id));
  busy.delete(id);
  const element = document.getElementById(id);
  if (element && dirty.has(id)) schedule(element);
}

/** Where a part comes from: the page itself, or what its drawer shows. */
function source(id: string): string {
  return document.getElementById(id)?.closest<HTMLElement>("[data-address]")?.dataset.address ?? location.href;
}

/** Fetch one part again. */
async function renew(id: string, occasion: Occasion): Promise<void> {
  const url = source(id);
  const next = await load(url, id);
  const shown = document.getElementById(id);
  if (!shown || url !== source(id)) return;
  place(shown, next, occasion);
  freshness.refreshed();
}

function failed(error: unknown, id: string): void {
  if (!(error instanceof FragmentError)) throw error;
  if (error.status === 401) rest("session-ended");
  else if (error.status === 404) gone(id);
  else if (!navigator.onLine) freshness.linked("offline");
  else again(id);
}

/** The hub did not answer, or could not: say so, and ask again. */
function again(id: string): void {
  freshness.silent();
  stream.owe();
  setTimeout(() => document.hidden || mark((element) => element.id === id), AGAIN);
}

/** What the page or its drawer shows is no longer there; it stays as it was last known. */
function gone(id: string): void {
  const drawer = document.getElementById(id)?.closest<HTMLElement>("[data-address]");
  if (!drawer) {
    rest("gone");
    return freshness.gone();
  }
  drawer.querySelector("[data-drawer-gone]")?.removeAttribute("hidden");
  document.getElementById(id)?.removeAttribute("data-live");
}

/** Stop listening, and say why in the bar of this id. */
function rest(bar: string): void {
  stream.pause();
  const shown = document.getElementById(bar);
  if (shown) shown.hidden = false;
}

/** Parts with `data-every` also show what no topic tells of: fetch them again when that many milliseconds have passed. */
function ask(): void {
  if (document.hidden || document.getElementById("gone")?.hidden === false) return;
  const now = Date.now();
  mark((element) => now - (started.get(element.id) ?? performance.timeOrigin) >= Number(element.dataset.every ?? Infinity));
}

/** Whether the page was made some time before it was shown: fetched ahead, or kept by the browser. */
function old(): boolean {
  const [entry] = performance.getEntriesByType("navigation") as (PerformanceNavigationTiming & { deliveryType?: string })[];
  return entry?.deliveryType === "navigational-prefetch" || document.documentElement.dataset.keptAt !== undefined;
}

/** Start once the page is drawn; rest while nobody looks. */
export function start(): void {
  if (old()) stream.owe();
  const begin = () => (window.requestIdleCallback ?? setTimeout)(listen);
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
  document.addEventListener("visibilitychange", () => (document.hidden ? stream.pause() : stream.resume()));
  setInterval(ask, 1000);
  addEventListener("pagehide", () => stream.pause());
  addEventListener("pageshow", (event) => event.persisted && stream.resume());
  addEventListener("offline", () => stream.offline());
  addEventListener("online", () => stream.resume());
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-pending-show]");
    const part = button && button.closest<HTMLElement>("[data-live][id]");
    if (part) renew(part.id, "asked").catch((error: unknown) => failed(error, part.id));
  });
}
