// Keeps the page true: hears which topics changed and fetches the parts that show them.

import { announce } from "../announce.ts";
import * as freshness from "./freshness.ts";
import { FragmentError, load, place } from "./fragments.ts";
import { Stream } from "./stream.ts";
import { address, matches, patterns } from "./topics.ts";

const THROTTLE = 100;

const dirty = new Set<string>();
let timer = 0;
let busy = false;
let lastStart = 0;

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
  freshness.refreshed();
}

/** Fetch again whatever shows one of the chosen parts, at most every 100 ms. */
function mark(chosen: (element: HTMLElement) => boolean): void {
  for (const element of parts()) if (chosen(element)) dirty.add(element.id);
  schedule();
}

function schedule(): void {
  if (busy || timer || !dirty.size) return;
  timer = window.setTimeout(refresh, Math.max(0, lastStart + THROTTLE - Date.now()));
}

async function refresh(): Promise<void> {
  timer = 0;
  busy = true;
  lastStart = Date.now();
  const ids = [...dirty];
  dirty.clear();
  await Promise.all(ids.map((id) => renew(id, true).catch(failed)));
  busy = false;
  schedule();
}

/** Fetch one part again. With `gently`, rows a reader is at work in keep their places. */
export async function renew(id: string, gently: boolean): Promise<void> {
  const url = location.href;
  const next = await load(url, id);
  const shown = document.getElementById(id);
  if (!shown || url !== location.href) return;
  place(shown, next, gently);
  freshness.refreshed();
}

function failed(error: unknown): void {
  if (!(error instanceof FragmentError)) throw error;
  if (error.status === 401) sessionEnded();
  else freshness.linked(error.status ? "reconnecting" : "offline");
}

function sessionEnded(): void {
  stream.pause();
  const bar = document.getElementById("session-ended");
  if (!bar) return;
  bar.hidden = false;
  announce("Your session has ended.");
}

/** Start once the page is drawn; rest while nobody looks. */
export function start(): void {
  const begin = () => (window.requestIdleCallback ?? setTimeout)(listen);
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
  document.addEventListener("visibilitychange", () => (document.hidden ? stream.pause() : stream.resume()));
  addEventListener("pagehide", () => stream.pause());
  addEventListener("pageshow", (event) => event.persisted && stream.resume());
  addEventListener("offline", () => stream.offline());
  addEventListener("online", () => stream.resume());
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-pending-show]");
    const part = button && button.closest<HTMLElement>("[data-live][id]");
    if (part) renew(part.id, false).catch(failed);
  });
}
