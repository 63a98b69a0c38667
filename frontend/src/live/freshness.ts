// The badge that says how fresh the page is, and, when pressed, why.

import type { Link } from "./stream.ts";

interface Word {
  state: "ok" | "warn" | "idle";
  label: string;
  why: string;
}

const CLOSED: Record<Exclude<Link, "live">, Word> = {
  connecting: { state: "idle", label: "Connecting", why: "This page is asking the hub for live updates." },
  reconnecting: {
    state: "warn",
    label: "Reconnecting",
    why: "The connection to the hub broke off a moment ago. It comes back by itself; until then this page may be behind.",
  },
  polling: {
    state: "warn",
    label: "Every 10 s",
    why: "Live updates do not come through, perhaps because of a proxy. This page asks the hub every 10 seconds instead.",
  },
  offline: {
    state: "warn",
    label: "Offline",
    why: "This device has no network. You see what was there when it broke off.",
  },
};

/** What the badge says. `stale` counts the clusters on this page whose part is old. */
export function word(link: Link, stale: number, at: string): Word {
  if (link === "offline") return { ...CLOSED.offline, label: `Offline, as of ${at}` };
  if (link !== "live") return CLOSED[link];
  if (stale) {
    const clusters = stale === 1 ? "1 cluster" : `${stale} clusters`;
    return { state: "warn", label: `${clusters} behind`, why: "The hub answers, but not every cluster answers the hub." };
  }
  return { state: "ok", label: "Live", why: "Everything here follows the clusters as they change." };
}

function deleted(at: string): Word {
  return { state: "warn", label: `Deleted, as of ${at}`, why: "It is no longer there. You see it as it was last known." };
}

let link: Link = "connecting";
let freshAt = new Date();
let left = false; // what the page shows is no longer there

/** Show another state of the connection. */
export function linked(now: Link): void {
  link = now;
  show();
}

/** What the page shows is no longer there, and nothing will renew it. */
export function gone(): void {
  left = true;
  show();
}

/** The page was just brought up to date. */
export function refreshed(): void {
  freshAt = new Date();
  show();
}

function show(): void {
  const badge = document.getElementById("freshness");
  if (!badge) return;
  const stale = document.querySelectorAll("[data-stale]").length;
  const at = freshAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const { state, label, why } = left ? deleted(at) : word(link, stale, at);
  badge.dataset.state = state;
  write(badge.querySelector("[data-label]"), label);
  write(document.querySelector("#freshness-why [data-why]"), why);
}

function write(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
