// A chart one can zoom into. The table beside it says the same, and the arrow keys read it aloud.

import uPlot from "uplot";
import { language, t } from "../texts.ts";
import { ofTable, said, type Series } from "./series.ts";

const HEIGHT = 240;
const COLOURS = ["--accent", "--ok", "--warn", "--bad", "--code-number", "--muted"];
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4]]; // colour is never the only difference
const TEXT = {
  help: t("Arrow keys move along, Home and End jump, + zooms in, − or Escape shows all."),
  reset: t("Show all"),
};

function data(root: HTMLElement): Series | undefined {
  const source = document.getElementById((root.dataset.chart ?? "").replace(/^#/, ""));
  if (source instanceof HTMLTableElement) return ofTable(source);
  return source ? (JSON.parse(source.textContent ?? "") as Series) : undefined;
}

function when(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(language(), { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

function options(root: HTMLElement, series: Series): uPlot.Options {
  const style = getComputedStyle(root);
  const colour = (name: string) => resolved(root, style.getPropertyValue(name));
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  return {
    width: Math.max(200, root.clientWidth),
    height: HEIGHT,
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    axes: [axis, { ...axis, size: 64 }],
    series: [
      {},
      ...series.labels.map((label, index) => ({
        label: series.unit ? `${label} (${series.unit})` : label,
        stroke: colour(COLOURS[index % COLOURS.length] ?? "--accent"),
        width: 2,
        dash: DASHES[index % DASHES.length] ?? [],
      })),
    ],
  };
}

/** A colour as a canvas takes it: light-dark() is decided here. */
function resolved(root: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  root.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

class Chart {
  readonly #root: HTMLElement;
  readonly #series: Series;
  readonly #voice = Object.assign(document.createElement("p"), { className: "chart-voice" });
  readonly #canvas = Object.assign(document.createElement("div"), { className: "chart-canvas", tabIndex: 0 });
  readonly #reset = Object.assign(document.createElement("button"), { type: "button", className: "button quiet", textContent: TEXT.reset, hidden: true });
  #plot: uPlot | undefined;
  #at: number;

  constructor(root: HTMLElement, series: Series) {
    this.#root = root;
    this.#series = series;
    this.#at = series.times.length - 1;
    this.#canvas.setAttribute("role", "application");
    this.#canvas.setAttribute("aria-label", `${root.getAttribute("aria-label") ?? series.title}. ${TEXT.help}`);
    this.#voice.setAttribute("role", "status");
    this.#voice.textContent = TEXT.help;
    root.classList.add("chart");
    root.replaceChildren(this.#canvas, this.#voice, this.#reset);
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#reset.addEventListener("click", () => this.#all());
    this.#draw();
    new ResizeObserver(() => this.#plot?.setSize({ width: Math.max(200, this.#canvas.clientWidth), height: HEIGHT })).observe(this.#canvas);
    const themes = new MutationObserver(() => this.#draw());
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  #draw(): void {
    this.#plot?.destroy();
    const zoomed = { setScale: [(plot: uPlot, key: string) => key === "x" && this.#zoomed(plot)] };
    const plan = { ...options(this.#root, this.#series), hooks: zoomed };
    this.#plot = new uPlot(plan, [this.#series.times, ...this.#series.values] as uPlot.AlignedData, this.#canvas);
  }

  #zoomed(plot: uPlot): void {
    const { min, max } = plot.scales.x ?? {};
    const { times } = this.#series;
    this.#reset.hidden = min === undefined || max === undefined || (min! <= times[0]! && max! >= times.at(-1)!);
  }

  #all(): void {
    const { times } = this.#series;
    this.#plot?.setScale("x", { min: times[0] ?? 0, max: times.at(-1) ?? 0 });
    this.#canvas.focus();
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#series.times.length - 1;
    const moves: Record<string, number> = { ArrowLeft: this.#at - 1, ArrowRight: this.#at + 1, Home: 0, End: last, PageUp: this.#at - 10, PageDown: this.#at + 10 };
    const to = moves[event.key];
    if (to !== undefined) this.#move(Math.min(last, Math.max(0, to)));
    else if (event.key === "+") this.#zoom();
    else if (event.key === "-" || (event.key === "Escape" && !this.#reset.hidden)) this.#all();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move(at: number): void {
    this.#at = at;
    const plot = this.#plot;
    if (!plot) return;
    const value = this.#series.values.map((values) => values[at]).find((one) => one !== null && one !== undefined) ?? 0;
    plot.setCursor({ left: plot.valToPos(this.#series.times[at] ?? 0, "x"), top: plot.valToPos(value, "y") });
    this.#voice.textContent = said(this.#series, at, when);
  }

  /** Half of what is in sight, around the cursor. */
  #zoom(): void {
    const { min, max } = this.#plot?.scales.x ?? {};
    if (min === undefined || max === undefined || min === null || max === null) return;
    const quarter = (max - min) / 4;
    const { times } = this.#series;
    const centre = Math.min(max - quarter, Math.max(min + quarter, times[this.#at] ?? 0));
    this.#plot?.setScale("x", { min: centre - quarter, max: centre + quarter });
    this.#move(this.#at);
  }
}

/** Draw what `data-chart` names: a table, or JSON, by id. What stood here before is the picture for those without script. */
export function mount(root: HTMLElement): void {
  const series = data(root);
  if (series?.times.length) new Chart(root, series);
}
