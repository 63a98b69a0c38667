// One EventSource a tab. It rests while the tab is hidden, comes back by itself, and polls when it cannot.

export type Link = "connecting" | "live" | "reconnecting" | "polling" | "offline";

export interface Listener {
  /** These topics changed. */
  changed(topics: string[]): void;
  /** Anything may have changed: fetch it all again. */
  reset(): void;
  /** The state of the connection, whenever it is another one. */
  linked(link: Link): void;
}

const POLL = 10_000;
const FAILURES_BEFORE_POLLING = 3;
const LONGEST_WAIT = 30_000;

/** Milliseconds before the next attempt: doubling from one second, up to half of it random. */
export function backoff(failures: number, random = Math.random()): number {
  const ceiling = Math.min(LONGEST_WAIT, 1000 * 2 ** Math.max(0, failures - 1));
  return ceiling / 2 + (random * ceiling) / 2;
}

export class Stream {
  #listener: Listener;
  #url = "";
  #source: EventSource | undefined;
  #failures = 0;
  #missed = false;
  #owed = false; // what was missed is not for the server to tell: the page was old, or a part could not be fetched
  #last = ""; // the id of the last event heard, with which the server can tell what came after it
  #retry = 0;
  #poll = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Listen at this address from now on; the empty one ends listening. */
  listen(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    this.#last = "";
    this.#failures = 0;
    this.#stopPolling();
    this.#open();
  }

  /** Let go of the connection; what happens meanwhile is missed. */
  pause(): void {
    this.#close();
    this.#stopPolling();
    this.#missed = true;
  }

  /** What is shown is older than the stream knows: fetch it all once connected. */
  owe(): void {
    this.#owed = true;
  }

  resume(): void {
    if (this.#url && !this.#source) this.#open();
  }

  offline(): void {
    this.pause();
    this.#listener.linked("offline");
  }

  #open(): void {
    this.#close();
    if (!this.#url) return;
    if (!this.#failures) this.#listener.linked("connecting");
    const source = new EventSource(`${this.#url}&after=${encodeURIComponent(this.#last)}`);
    source.onopen = () => this.#opened();
    source.onerror = () => this.#failed();
    this.#on(source, "opened", () => undefined);
    this.#on(source, "changed", (data) => this.#listener.changed(JSON.parse(data) as string[]));
    this.#on(source, "reset", () => this.#listener.reset());
    this.#source = source;
  }

  #on(source: EventSource, name: string, heard: (data: string) => void): void {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      this.#last = event.lastEventId || this.#last;
      heard(event.data);
    });
  }

  #opened(): void {
    this.#stopPolling();
    this.#failures = 0;
    this.#listener.linked("live");
    // With an id, the server itself tells what was missed.
    if (this.#owed || (this.#missed && !this.#last)) this.#listener.reset();
    this.#owed = this.#missed = false;
  }

  #failed(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#missed = true;
    this.#failures += 1;
    if (!navigator.onLine) return this.offline();
    if (this.#failures >= FAILURES_BEFORE_POLLING) this.#startPolling();
    else this.#listener.linked("reconnecting");
    this.#retry = window.setTimeout(() => this.#open(), backoff(this.#failures));
  }

  #startPolling(): void {
    this.#listener.linked("polling");
    if (!this.#poll) this.#poll = window.setInterval(() => this.#listener.reset(), POLL);
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = 0;
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }
}
