// Lines of a log: when each was written, how grave it is, and which of them a filter keeps.

export type Level = "error" | "warn" | "info" | "debug" | "";

export interface Line {
  at: Date | undefined;
  level: Level;
  text: string;
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))\s(.*)$/s;
const LEVELS: readonly [Exclude<Level, "">, RegExp][] = [
  ["error", /\b(?:error|err|fatal|panic|critical|crit|exception)\b|^[EF]\d{4}\b/i],
  ["warn", /\b(?:warn|warning)\b|^W\d{4}\b/i],
  ["info", /\b(?:info|notice)\b|^I\d{4}\b/i],
  ["debug", /\b(?:debug|trace)\b/i],
];
const LEVEL_WITHIN = 160; // characters at a line's beginning in which a level is looked for

/** A line as the cluster sends it: perhaps with the moment before it, as kubectl's --timestamps prints it. */
export function parse(raw: string): Line {
  const [, stamp, rest] = STAMP.exec(raw) ?? [];
  const text = withoutColours(rest ?? raw);
  return { at: stamp ? new Date(stamp) : undefined, level: levelOf(text), text };
}

export function levelOf(text: string): Level {
  const head = text.slice(0, LEVEL_WITHIN);
  return LEVELS.find(([, words]) => words.test(head))?.[0] ?? "";
}

const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** A terminal's colours say nothing on a page. */
function withoutColours(text: string): string {
  return text.replace(COLOURS, "");
}

export interface Filter {
  /** Where in a text the filter's first match is: begin and end; undefined where it has none. */
  find(text: string): [number, number] | undefined;
}

/** A filter from what was typed: a part of the text whatever its case, or a pattern between slashes. Raises SyntaxError. */
export function filterOf(typed: string): Filter | undefined {
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/.exec(typed) ?? [];
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, (flags ?? "").replace(/[gy]/g, ""));
    return {
      find(text) {
        const match = expression.exec(text);
        return match ? [match.index, match.index + match[0].length] : undefined;
      },
    };
  }
  const wanted = typed.toLowerCase();
  if (!wanted) return undefined;
  return {
    find(text) {
      const at = text.toLowerCase().indexOf(wanted);
      return at < 0 ? undefined : [at, at + wanted.length];
    },
  };
}

/** The moment of a line, on the reader's clock or on everyone's. */
export function clock(at: Date, utc: boolean): string {
  const moved = utc ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return moved.toISOString().slice(11, 23);
}

/** The newest lines, no more than so many; how many were let go is counted. */
export class Store {
  readonly most: number;
  lines: Line[] = [];
  dropped = 0;
  #rest = "";

  constructor(most: number) {
    this.most = most;
  }

  /** Take in a piece of a stream, which ends anywhere. */
  take(piece: string): void {
    const raw = (this.#rest + piece).split("\n");
    this.#rest = raw.pop() ?? "";
    this.add(raw);
  }

  /** The stream is over: what is left is a line too. */
  end(): void {
    if (this.#rest) this.add([this.#rest]);
    this.#rest = "";
  }

  add(raw: readonly string[]): void {
    for (const one of raw) this.lines.push(parse(one.replace(/\r$/, "")));
    const over = this.lines.length - this.most;
    if (over <= 0) return;
    this.lines.splice(0, over);
    this.dropped += over;
  }
}
