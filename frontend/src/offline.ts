// Pages kept for when there is no network, and the word that what one sees is such a page.

import * as freshness from "./live/freshness.ts";
import { workerAddress } from "./trusted.ts";
import { words } from "./worker/words.ts";

/** When the page was kept, if it comes from what the browser kept. */
export function keptAt(): Date | undefined {
  const text = document.documentElement.dataset.keptAt;
  return text ? new Date(text) : undefined;
}

async function register(account: string): Promise<void> {
  await navigator.serviceWorker.register(workerAddress("/sw.js"), { scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ account, words: words() });
}

export function start(): void {
  const kept = keptAt();
  if (kept) freshness.kept(kept);
  const account = document.documentElement.dataset.account;
  if (!account || !("serviceWorker" in navigator) || !isSecureContext) return;
  const begin = () => void register(account).catch(() => undefined); // without it, pages only miss their kept copies
  (window.requestIdleCallback ?? setTimeout)(begin);
}
