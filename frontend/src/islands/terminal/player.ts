// Plays a recorded session: play, pause, seek, speed, and pauses skipped.

import { t } from "../../texts.ts";
import { between, type Cast, clock, type Event, parse, pauseAt } from "./cast.ts";
import { button, dressed, make, Screen } from "./screen.ts";

const SPEEDS = [0.5, 1, 2, 4, 8];
const TEXT = {
  play: t("Play"),
  pause: t("Pause"),
  position: t("Position"),
  speed: t("Speed"),
  skip: t("Skip pauses"),
  loading: t("Loading the recording…"),
  failed: t("The recording could not be loaded."),
  typed: t("Typed:"),
};

class Player {
  readonly #screen: Screen;
  readonly #cast: Cast;
  readonly #play = button(TEXT.play, () => this.#toggle());
  readonly #bar = Object.assign(document.createElement("input"), { type: "range", min: "0", step: "any", className: "term-bar" });
  readonly #speed = Object.assign(document.createElement("select"), { className: "input" });
  readonly #skip = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
  readonly #time = make("span", "term-time");
  #now = -1;
  #last = 0;
  #frame = 0;

  constructor(screen: Screen, cast: Cast) {
    this.#screen = screen;
    this.#cast = cast;
    this.#bar.max = String(cast.length);
    this.#bar.setAttribute("aria-label", TEXT.position);
    this.#bar.addEventListener("input", () => this.#seek(Number(this.#bar.value)));
    this.#speed.setAttribute("aria-label", TEXT.speed);
    this.#speed.append(...SPEEDS.map((each) => new Option(`${each}×`, String(each), each === 1, each === 1)));
    this.#play.classList.add("primary");
    const skip = make("label", "check");
    skip.append(this.#skip, ` ${TEXT.skip}`);
    screen.tools.prepend(this.#play, this.#bar, this.#time, this.#speed, skip);
    this.#seek(0);
  }

  #toggle(): void {
    if (this.#frame) return this.#stop();
    if (this.#now >= this.#cast.length) this.#seek(0);
    this.#play.textContent = TEXT.pause;
    this.#last = performance.now();
    this.#frame = requestAnimationFrame((at) => this.#step(at));
  }

  #stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#play.textContent = TEXT.play;
  }

  #step(at: number): void {
    const later = this.#now + ((at - this.#last) / 1000) * Number(this.#speed.value);
    this.#last = at;
    const skipped = this.#skip.checked ? pauseAt(this.#cast.events, this.#now) : undefined;
    this.#show(skipped === undefined ? later : Math.max(later, skipped));
    if (this.#now >= this.#cast.length) return this.#stop();
    this.#frame = requestAnimationFrame((next) => this.#step(next));
  }

  /** A screen has no way back: what is before now is shown from the beginning. */
  #seek(to: number): void {
    const { width, height } = this.#cast.header;
    this.#screen.terminal.reset();
    this.#screen.terminal.resize(width, height);
    this.#now = -1;
    this.#show(to);
  }

  #show(until: number): void {
    for (const event of between(this.#cast.events, this.#now, until)) this.#do(event);
    this.#now = Math.min(until, this.#cast.length);
    this.#bar.value = String(this.#now);
    this.#time.textContent = `${clock(this.#now)} / ${clock(this.#cast.length)}`;
    this.#bar.setAttribute("aria-valuetext", this.#time.textContent);
  }

  #do({ kind, text }: Event): void {
    if (kind === "o") this.#screen.terminal.write(text);
    else if (kind === "r") {
      const [columns, rows] = text.split("x").map(Number);
      if (columns && rows) this.#screen.terminal.resize(columns, rows);
    } else if (kind === "i" && text.trim()) this.#screen.say(`${TEXT.typed} ${text.trim()}`);
    else if (kind === "m") this.#screen.say(text);
  }
}

export function mount(root: HTMLElement): void {
  void dressed().then(async () => {
    const screen = new Screen(root, { fitted: false, disableStdin: true });
    screen.say(TEXT.loading);
    try {
      const answer = await fetch(root.dataset.player ?? "");
      if (!answer.ok) throw new Error(String(answer.status));
      const player = new Player(screen, parse(await answer.text()));
      root.dataset.ready = "";
      screen.say("");
      void player;
    } catch {
      screen.say(TEXT.failed);
    }
  });
}
