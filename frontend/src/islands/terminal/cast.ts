// A recorded session (asciicast, version 2): its events, and what stands on the screen at any moment.

export interface Header {
  width: number;
  height: number;
  duration?: number;
}

export interface Event {
  at: number;
  kind: string;
  text: string;
}

export interface Cast {
  header: Header;
  events: Event[];
  length: number;
}

/** Read a recording. A line that is none is left out: a session may have been cut off in the middle of one. */
export function parse(text: string): Cast {
  const [first = "{}", ...lines] = text.split("\n").filter(Boolean);
  const header = JSON.parse(first) as Header;
  const events = lines.flatMap((line) => {
    try {
      const [at, kind, said] = JSON.parse(line) as [number, string, string];
      return [{ at, kind, text: said }];
    } catch {
      return [];
    }
  });
  return { header, events, length: Math.max(header.duration ?? 0, events.at(-1)?.at ?? 0) };
}

/** The events after one moment and up to another. */
export function between(events: readonly Event[], after: number, until: number): Event[] {
  return events.filter(({ at }) => at > after && at <= until);
}

/** Where nothing was shown for long, so that it may be skipped: from, and to shortly before it goes on. */
export function pauseAt(events: readonly Event[], now: number, longest = 3): number | undefined {
  const next = events.find(({ at, kind }) => at > now && kind === "o");
  return next && next.at - now > longest ? next.at - 0.5 : undefined;
}

export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
