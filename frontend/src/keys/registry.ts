// Every shortcut there is, and which keys people gave it. The list of shortcuts (?) is made from here too.

export interface Shortcut {
  /** Stays the same whatever the keys are. */
  id: string;
  /** One key ("j") or two in turn ("g p"). */
  keys: string;
  does: string;
  subject: Subject;
  run: (event: KeyboardEvent) => void;
  /** Whether it can do anything here; always, when left out. */
  here?: () => boolean;
}

/** The subjects of the list of shortcuts, in their order. */
export const SUBJECTS = ["This page", "Rows", "The row's own pages", "Sort", "Go to", "Everywhere"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Keys by the id of their shortcut, where they are not those we gave. */
export type Chosen = Readonly<Record<string, string>>;

/** What the keys pressed so far mean. */
export type Meaning = { run: Shortcut } | { waits: string } | undefined;

export const OFF = "basefly.single-keys-off";
const CHOSEN = "basefly.keys";

const fixed: Shortcut[] = [];
const sources: (() => Shortcut[])[] = [];

export function shortcut(entry: Shortcut): void {
  fixed.push(entry);
}

/** Shortcuts that depend on what the page shows right now, such as one for each column. */
export function shortcutsOf(source: () => Shortcut[]): void {
  sources.push(source);
}

export function shortcuts(): Shortcut[] {
  return [...fixed, ...sources.flatMap((source) => source())];
}

/** The keys of a shortcut as they are now. */
export function keysOf(entry: Shortcut, chosen: Chosen): string {
  return chosen[entry.id] ?? entry.keys;
}

/** What `pressed` means among the shortcuts; the first of them wins. */
export function meaning(pressed: string, all: readonly Shortcut[], chosen: Chosen): Meaning {
  const found = all.find((entry) => keysOf(entry, chosen) === pressed && (entry.here?.() ?? true));
  if (found) return { run: found };
  return all.some((entry) => keysOf(entry, chosen).startsWith(`${pressed} `)) ? { waits: pressed } : undefined;
}

/** The shortcut that stands in the way of these keys: the same, or one of which the other is the beginning. */
export function conflict(id: string, keys: string, all: readonly Shortcut[], chosen: Chosen): Shortcut | undefined {
  return all.find((entry) => {
    const theirs = keysOf(entry, chosen);
    return entry.id !== id && (theirs === keys || theirs.startsWith(`${keys} `) || keys.startsWith(`${theirs} `));
  });
}

/** A letter for each word: its first that is still free. Without one, the word has none. */
export function letters(words: readonly string[], taken: Iterable<string> = []): (string | undefined)[] {
  const used = new Set(taken);
  return words.map((word) => {
    const letter = [...word.toLowerCase()].find((one) => /[\p{L}\p{N}$]/u.test(one) && !used.has(one));
    if (letter) used.add(letter);
    return letter;
  });
}

export function chosenKeys(): Chosen {
  try {
    return JSON.parse(localStorage.getItem(CHOSEN) ?? "{}") as Chosen;
  } catch {
    return {};
  }
}

/** Give a shortcut other keys; undefined gives it ours back. */
export function choose(id: string, keys: string | undefined): void {
  const { [id]: _, ...others } = chosenKeys();
  const next = keys === undefined ? others : { ...others, [id]: keys };
  if (Object.keys(next).length) localStorage.setItem(CHOSEN, JSON.stringify(next));
  else localStorage.removeItem(CHOSEN);
}

export function resetKeys(): void {
  localStorage.removeItem(CHOSEN);
}

/** Single keys can be switched off, as people who dictate need it (WCAG 2.1.4). */
export function singleKeysOff(): boolean {
  return localStorage.getItem(OFF) !== null;
}
