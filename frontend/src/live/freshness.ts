// The badge that says how fresh the page is, and, when pressed, why.

import { language, t, tn } from "../texts.ts";
import type { Link } from "./stream.ts";

interface Word {
  state: "ok" | "warn" | "idle";
  label: string;
  why: string;
}

const CLOSED: Record<Exclude<Link, "live">, Word> = {
  connecting: { state: "idle", label: t("Connecting"), why: t("This page is asking the hub for live updates.") },
  reconnecting: {
    state: "warn",
    label: t("Reconnecting"),
    why: t("The connection to the hub broke off a moment ago. It comes back by itself; until then this page may be behind."),
  },
  polling: {
    state: "warn",
    label: t("Every 10 s"),
    why: t("Live updates do not come through, perhaps because of a proxy. This page asks the hub every 10 seconds instead."),
  },
  offline: {
    state: "warn",
    label: t("Offline"),
    why: t("This device has no network. You see what was there when it broke off."),
  },
};

/** What the badge says. `stale` counts the clusters on this page whose part is old. */
export function word(link: Link, stale: number, at: string): Word {
  if (link === "offline") return { ...CLOSED.offline, label: t("Offline, as of {at}", { at }) };
  if (link !== "live") return CLOSED[link];
  if (stale) {
    const label = tn("{n} cluster behind", "{n} clusters behind", stale);
    return { state: "warn", label, why: t("The hub answers, but not every cluster answers the hub.") };
  }
  return { state: "ok", label: t("Live"), why: t("Everything here follows the clusters as they change.") };
}

function deleted(at: string): Word {
  return { state: "warn", label: t("Deleted, as of {at}", { at }), why: t("It is no longer there. You see it as it was last known.") };
}

const PATIENCE = 1500; // milliseconds until it is said that the stream is not there yet: mostly it is, long before

let link: Link = "connecting";
let freshAt = new Date();
let left = false; // what the page shows is no longer there
let mute = false; // the hub was asked and did not answer
let fromStore = false; // the page is one that the browser kept

/** Show another state of the connection. */
export function linked(now: Link): void {
  link = now;
  if (now === "connecting") setTimeout(show, PATIENCE);
  if (now === "live") mute = false;
  show();
}

/** The hub was asked and did not answer, or could not. */
export function silent(): void {
  mute = true;
  show();
}

/** The page is one that the browser kept, of this moment. */
export function kept(at: Date): void {
  freshAt = at;
  fromStore = true;
  link = "offline";
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
  mute = false;
  fromStore = false;
  show();
}

function clockTime(): string {
  const today = freshAt.toDateString() === new Date().toDateString();
  const date: Intl.DateTimeFormatOptions = today ? {} : { day: "numeric", month: "short" };
  return freshAt.toLocaleString(language(), { ...date, hour: "2-digit", minute: "2-digit" });
}

function show(): void {
  const at = clockTime();
  cry(at);
  const badge = document.getElementById("freshness");
  if (!badge || (link === "connecting" && performance.now() < PATIENCE)) return;
  const stale = [...document.querySelectorAll<HTMLElement>("[data-stale]")];
  const named = new Set(stale.map((part) => part.dataset.stale)).size; // a cluster may be told of twice
  const others = Number(document.querySelector<HTMLElement>("[data-stale-more]")?.dataset.staleMore ?? 0);
  const { state, label, why } = left ? deleted(at) : mute ? unanswered(at) : word(link, named + others, at);
  badge.dataset.state = state;
  write(badge.querySelector("[data-label]"), label);
  write(document.querySelector("#freshness-why [data-why]"), why);
  explain(stale);
}

function unanswered(at: string): Word {
  return { state: "warn", label: t("No answer, as of {at}", { at }), why: t("The hub does not answer. You see what it said last; this page asks again every few seconds.") };
}

/** Under the badge's word: what is stale and why, part by part. */
function explain(stale: readonly Element[]): void {
  const why = document.querySelector("#freshness-why [data-why]");
  if (!why) return;
  let list = document.querySelector("#freshness-why [data-which]");
  if (!list) {
    list = Object.assign(document.createElement("ul"), { className: "stale-list" });
    list.setAttribute("data-which", "");
    why.after(list);
  }
  const texts = stale.map((part) => (part.textContent ?? "").replace(/\s+/g, " ").trim());
  if (texts.join("\n") === [...list.children].map((line) => line.textContent).join("\n")) return;
  list.replaceChildren(...texts.map((textContent) => Object.assign(document.createElement("li"), { textContent })));
}

/** What the bar over the page says when nothing on it can be new; empty when it can. */
export function alarm(link: Link, mute: boolean, kept: boolean, at: string): string {
  if (link === "offline" || kept) return t("Offline. This is what was there at {at}.", { at });
  return mute ? t("The hub does not answer. This is what was there at {at}; nothing here is newer.", { at }) : "";
}

function cry(at: string): void {
  const bar = document.getElementById("hub-silent");
  if (!bar) return;
  const text = left ? "" : alarm(link, mute, fromStore, at);
  write(bar.querySelector("[data-alarm]"), text);
  bar.hidden = text === "";
}

function write(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
