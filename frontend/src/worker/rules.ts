// What the worker keeps and what it never touches.

/** How the worker treats a request. */
export type Way = "asset" | "page" | "sign-out" | "pass";

const DOORS = ["/confirm", "/forgot-password", "/reset-password", "/verify-email"];
const NEVER = [...DOORS, "/api", "/live", "/settings", "/setup", "/connect", "/invite", "/metrics", "/health", "/sw.js"];

export interface Asked {
  method: string;
  mode: string;
  url: string;
  fragment: boolean;
}

/** Pages and assets are kept; data, streams, writes and what is about secrets go straight to the hub. */
export function way({ method, mode, url, fragment }: Asked, origin: string): Way {
  const { origin: theirs, pathname } = new URL(url);
  if (theirs !== origin) return "pass";
  const within = (path: string) => pathname === path || pathname.startsWith(`${path}/`);
  if (within("/sign-in") || within("/sign-out")) return "sign-out";
  if (method !== "GET" || NEVER.some(within)) return "pass";
  if (within("/static")) return "asset";
  return mode === "navigate" && !fragment ? "page" : "pass";
}

/** Whether an answer may be kept as a page: whole, ours, and not merely the way to another. */
export function keeps(status: number, kind: string, redirected: boolean): boolean {
  return status === 200 && !redirected && kind.startsWith("text/html");
}

/** Whether an answer says that the hub itself is away, told by the proxy before it. */
export function away(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** A kept page with the moment in it, which the module shows over the page. */
export function marked(html: string, at: string): string {
  return html.replace(/<html\b/, `<html data-kept-at="${at.replace(/[^0-9A-Za-z:.+-]/g, "")}"`);
}

export function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}
