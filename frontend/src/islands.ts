// Islands: what few people need comes when somebody asks for it. Who is offline is told instead of left wondering.

import { announce } from "./announce.ts";
import { t } from "./texts.ts";
import { toast } from "./toasts.ts";

const FAILED = t("This part could not be loaded. Check the connection and try again.");

/** Load an island; undefined, and said aloud, when it does not come. */
export async function island<Part>(load: () => Promise<Part>): Promise<Part | undefined> {
  try {
    return await load();
  } catch {
    announce(FAILED);
    toast(FAILED, "bad");
    return undefined;
  }
}

/** What the content policy lets styles of ours carry, for parts that make their own. */
export function nonce(): string {
  return document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
}

/** The styles of the islands, fetched when the first of them is; they look wrong without, but work. */
function dress(): Promise<void> {
  const href = document.querySelector<HTMLElement>("script[data-style]")?.dataset.style;
  if (!href || document.querySelector("link[data-islands]")) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  link.dataset.islands = "";
  const done = new Promise<void>((resolve) => (link.onload = link.onerror = () => resolve()));
  document.head.append(link);
  return done;
}

interface Part {
  mount(element: HTMLElement): void;
}

const PARTS: Record<string, () => Promise<Part>> = {
  chart: () => import("./islands/chart.ts"),
  editor: () => import("./islands/editor.ts"),
  log: () => import("./islands/log.ts"),
  passkey: () => import("./islands/passkey.ts"),
  player: () => import("./islands/terminal/player.ts"),
  terminal: () => import("./islands/terminal/terminal.ts"),
};

const mounted = new WeakSet<Element>();

/** Bring to life what the page holds of the parts that need no asking: charts, logs, passkeys. */
export function awaken(root: ParentNode = document): void {
  for (const [name, load] of Object.entries(PARTS)) {
    for (const element of root.querySelectorAll<HTMLElement>(`[data-${name}]`)) {
      if (mounted.has(element)) continue;
      mounted.add(element);
      void island(async () => (await Promise.all([load(), dress()]))[0]).then((part) => part?.mount(element));
    }
  }
}

export function start(): void {
  awaken();
  document.addEventListener("basefly:placed", () => awaken());
  document.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.dataset.suggest) return;
    void import("./islands/suggest.ts").then((suggest) => suggest.start(target), () => undefined); // one types without
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest<HTMLButtonElement>("[data-open-viewer], [data-open-merge]");
    if (!button) return;
    const load = () => (button.dataset.openMerge ? import("./islands/merge.ts") : import("./islands/yaml.ts"));
    void island<{ toggle(button: HTMLButtonElement): void }>(load).then((part) => part?.toggle(button));
  });
}
