// The figures of a chart: from JSON, or from the table that says the same.

import { language, t } from "../texts.ts";

export interface Series {
  title: string;
  unit: string;
  labels: string[];
  /** Seconds since 1970. */
  times: number[];
  values: (number | null)[][];
}

/** The figures of a table: a moment in the first column (`<time datetime>`), in each further one a series. */
export function ofTable(table: HTMLTableElement): Series {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent?.trim() ?? "");
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  const times = rows.map((row) => Date.parse(row.querySelector("time")?.dateTime ?? row.cells[0]?.textContent ?? "") / 1000);
  const figure = (row: HTMLTableRowElement, at: number) => number(row.cells[at]?.dataset.value ?? row.cells[at]?.textContent ?? "");
  const values = heads.slice(1).map((_, at) => rows.map((row) => figure(row, at + 1)));
  return { title: table.caption?.textContent?.trim() ?? "", unit: table.dataset.unit ?? "", labels: heads.slice(1), times, values };
}

/** A figure as written in a table ("1,204 m"); null where there is none. */
export function number(text: string): number | null {
  const found = /-?\d[\d,]*(?:\.\d+)?/.exec(text);
  return found ? Number(found[0].replaceAll(",", "")) : null;
}

/** What a moment of the chart says, in words. */
export function said({ labels, times, values, unit }: Series, at: number, format: (seconds: number) => string): string {
  const figures = labels.map((label, index) => {
    const value = values[index]?.[at];
    return `${label} ${value === null || value === undefined ? t("no value") : `${value.toLocaleString(language())}${unit ? ` ${unit}` : ""}`}`;
  });
  return `${format(times[at] ?? 0)}: ${figures.join(", ")}`;
}
