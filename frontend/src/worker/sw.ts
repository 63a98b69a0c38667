// The service worker: assets, and the last pages one saw, for when there is no network. Nothing else is ever kept.

import { away, escaped, keeps, marked, way } from "./rules.ts";
import { type Words, words } from "./words.ts";

declare const self: ServiceWorkerGlobalScope;

const ASSETS = "basefly-assets";
const PAGES = "basefly-pages";
const WHOSE = "basefly-whose"; // says whose pages these are
const ACCOUNT = "/account";
const WORDS = "/words"; // what their language says when there is no page
const AT = "x-kept-at";
const MOST_ASSETS = 80;
const MOST_PAGES = 40;

/** Drop the oldest beyond `most`. */
async function trim(cache: Cache, most: number): Promise<void> {
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((key) => cache.delete(key)));
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(ASSETS);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    await trim(cache, MOST_ASSETS);
  }
  return answer;
}

/** The network first; without it, the kept copy of exactly this address. */
async function page(event: FetchEvent): Promise<Response> {
  const answer = await network(event);
  if (answer && !away(answer.status)) {
    const kind = answer.headers.get("content-type") ?? "";
    if (keeps(answer.status, kind, answer.redirected)) event.waitUntil(keep(event.request.url, answer.clone()));
    return answer;
  }
  return (await kept(event.request.url)) ?? answer ?? (await nothing());
}

async function network(event: FetchEvent): Promise<Response | undefined> {
  try {
    return ((await event.preloadResponse) as Response | undefined) ?? (await fetch(event.request));
  } catch {
    return undefined;
  }
}

async function keep(address: string, answer: Response): Promise<void> {
  const headers = new Headers(answer.headers);
  headers.set(AT, new Date().toISOString());
  const cache = await caches.open(PAGES);
  await cache.delete(address, { ignoreVary: true }); // so that it is the youngest
  await cache.put(address, new Response(await answer.text(), { headers }));
  await trim(cache, MOST_PAGES);
}

async function kept(address: string): Promise<Response | undefined> {
  const cache = await caches.open(PAGES);
  const answer = await cache.match(address, { ignoreVary: true });
  if (!answer) return undefined;
  return new Response(marked(await answer.text(), answer.headers.get(AT) ?? ""), { headers: answer.headers });
}

/** What is said where no copy is: which pages there are. */
async function nothing(): Promise<Response> {
  const text = await said();
  const pages = await (await caches.open(PAGES)).keys();
  const lines = [...pages].reverse().map(({ url }) => {
    const { pathname, search } = new URL(url);
    const path = escaped(pathname + search);
    return `<li><a href="${path}">${path}</a></li>`;
  });
  const list = lines.length ? `<p>${escaped(text.kept)}</p><ul>${lines.join("")}</ul>` : "";
  const again = `<div class="actions"><a class="button primary" href="">${escaped(text.again)}</a></div>`;
  const body = `<main><section class="panel"><h1>${escaped(text.title)}</h1><p class="lead">${escaped(text.lead)}</p>${again}${list}</section></main>`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(text.title)} · Basefly</title>${await style()}`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'; style-src 'self'" };
  return new Response(`<!doctype html><html lang="${escaped(text.language)}" dir="${escaped(text.direction)}"><head>${head}</head><body class="plain">${body}</body></html>`, { status: 503, headers });
}

/** What the last page said in its language, or else English. */
async function said(): Promise<Words> {
  const kept = await (await caches.open(WHOSE)).match(WORDS);
  return kept ? ((await kept.json()) as Words) : words();
}

/** The youngest of our style sheets that is kept. */
async function style(): Promise<string> {
  const addresses = (await (await caches.open(ASSETS)).keys()).map((key) => new URL(key.url).pathname);
  const sheet = addresses.findLast((path) => path.endsWith(".css"));
  return sheet ? `<link rel="stylesheet" href="${escaped(sheet)}">` : "";
}

/** Pages are of one person: another account, and they are gone. */
async function belongs(account: string): Promise<void> {
  const cache = await caches.open(WHOSE);
  const whose = await (await cache.match(ACCOUNT))?.text();
  if (whose === account) return;
  await caches.delete(PAGES);
  await cache.put(ACCOUNT, new Response(account));
}

async function speaks(words: Words): Promise<void> {
  await (await caches.open(WHOSE)).put(WORDS, Response.json(words));
}

/** Whoever signs in or out leaves nothing behind; but being offline is no sign-out. */
async function leaving(request: Request): Promise<Response> {
  if (request.method !== "GET") await caches.delete(PAGES);
  const answer = await fetch(request);
  await caches.delete(PAGES);
  return answer;
}

self.addEventListener("install", () => void self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), self.registration.navigationPreload?.enable()]));
});

self.addEventListener("message", (event: ExtendableMessageEvent) => {
  const { account, words } = event.data as { account?: unknown; words?: unknown };
  if (typeof account === "string") event.waitUntil(belongs(account));
  if (words) event.waitUntil(speaks(words as Words));
});

self.addEventListener("fetch", (event) => {
  const { method, mode, url, headers } = event.request;
  switch (way({ method, mode, url, fragment: headers.has("x-fragment") }, self.location.origin)) {
    case "asset":
      return event.respondWith(asset(event.request));
    case "page":
      return event.respondWith(page(event));
    case "sign-out":
      return event.respondWith(leaving(event.request));
    case "pass":
      return;
  }
});
