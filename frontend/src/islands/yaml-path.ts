// Where in a YAML document a line is: the keys above it. By indentation alone, as one types, when nothing parses yet.

interface Line {
  column: number; // where its key begins, behind the dashes
  dash: number; // where its first dash is, -1 for none
  key: string;
}

const LINE = /^(\s*)((?:-\s+|-$)*)(?:"([^"]*)"|'([^']*)'|([^\s:#'"][^:#]*))?/;

function parsed(text: string): Line {
  const found = LINE.exec(text);
  const [, space = "", dashes = "", double, single, plain = ""] = found ?? [];
  const holds = /:(\s|$)/.test(text.slice(space.length + dashes.length));
  return {
    column: space.length + dashes.length,
    dash: dashes ? space.length : -1,
    key: holds ? (double ?? single ?? plain).trim() : "",
  };
}

/** The keys that the line belongs to, from the top; members of lists count as what the list is. */
export function pathAt(lines: readonly string[], row: number): string[] {
  const here = parsed(lines[row] ?? "");
  const path: string[] = [];
  let depth = here.dash >= 0 ? here.dash + 0.5 : here.column;
  for (let at = row - 1; at >= 0 && depth > 0; at--) {
    const text = lines[at] ?? "";
    if (/^(---|\.\.\.)/.test(text)) break;
    if (/^\s*(#|$)/.test(text)) continue;
    const line = parsed(text);
    if (line.key && line.column < depth) {
      path.unshift(line.key);
      depth = line.column;
    }
    if (line.dash >= 0 && line.column <= depth) depth = Math.min(depth, line.dash + 0.5);
  }
  return path;
}

/** The key of a line, "" where it has none yet. */
export function keyOf(line: string): string {
  return parsed(line).key;
}

/** How far in the line behind a key without a value begins: as what follows it already, else two deeper than the key. */
export function indentAfter(lines: readonly string[], row: number): number | undefined {
  const text = lines[row] ?? "";
  const { key, column } = parsed(text);
  if (!key || !/:\s*$/.test(text)) return undefined;
  const next = lines.slice(row + 1).find((line) => /\S/.test(line)) ?? "";
  const inward = next.search(/\S/);
  return inward > column || (inward === column && /^\s*- /.test(next)) ? inward : column + 2;
}
