// Keeps the page true: hears which topics changed and fetches the parts that show them.

import * as freshness from "./freshness.ts";
import { FragmentError, load, type Occasion, place } from "./fragments.ts";
import { Stream } from "./stream.ts";
import { address, matches, patterns } from "./topics.ts";

const THROTTLE = 100; // milliseconds between two renewals of a part, unless its data-pace says more

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
  setTimeout(() => void refresh(element.id), Math.max(0, due - Date.now()));
}

async function refresh(id: string): Promise<void> {
  dirty.delete(id);
  busy.add(id);
  started.set(id, Date.now());
  await renew(id, "news").catch(failed);
  busy.delete(id);
  const element = document.getElementById(id);
  if (element && dirty.has(id)) schedule(element);
}

/** Fetch one part again. */
async function renew(id: string, occasion: Occasion): Promise<void> {
  const url = location.href;
  const next = await load(url, id);
  const shown = document.getElementById(id);
  if (!shown || url !== location.href) return;
  place(shown, next, occasion);
  freshness.refreshed();
}

function failed(error: unknown): void {
  if (!(error instanceof FragmentError)) throw error;
  if (error.status === 401) rest("session-ended");
  else if (error.status === 404) gone();
  else freshness.linked(error.status ? "reconnecting" : "offline");
}

/** What the page shows is no longer there; it stays as it was last known. */
function gone(): void {
  rest("gone");
  freshness.gone();
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

/** Start once the page is drawn; rest while nobody looks. */
export function start(): void {
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
    if (part) renew(part.id, "asked").catch(failed);
  });
}
