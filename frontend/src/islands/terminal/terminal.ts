// A shell in a container: what is typed goes to the hub, what is shown comes from it, and its end says why.

import { announce } from "../../announce.ts";
import { t } from "../../texts.ts";
import { button, dressed, Screen } from "./screen.ts";

const PROTOCOL = "terminal.basefly.v1";
const PASTED = 64 * 1024; // bytes of a message at most; the hub takes larger ones, but other keys would wait
const TEXT = {
  connecting: t("Connecting…"),
  leave: t("Ctrl+Alt+T leaves the terminal."),
  recorded: t("This session is recorded."),
  refused: t("The hub lets nobody in here: you may have signed out, or may not enter this container any more."),
  lost: t("The connection was lost. What ran in the shell may have ended."),
  again: t("Open a new shell"),
};

interface Said {
  type: "opened" | "ended" | "error";
  code?: number | string;
  shell?: string;
  recorded?: boolean;
  container?: string;
  detail?: string;
  title?: string;
  cure?: string;
}

class Shell {
  readonly #screen: Screen;
  readonly #address: string;
  readonly #again = button(TEXT.again, () => this.open());
  readonly #encoder = new TextEncoder();
  #socket: WebSocket | undefined;
  #read = 0;
  #over = false;
  #opened = false;

  constructor(screen: Screen, address: string) {
    this.#screen = screen;
    this.#address = address;
    const { terminal } = screen;
    terminal.onData((text) => this.#type(this.#encoder.encode(text)));
    terminal.onBinary((text) => this.#type(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => this.#say({ size: [cols, rows] }));
    terminal.attachCustomKeyEventHandler((event) => this.#ours(event));
    this.#again.hidden = true;
    this.#again.classList.add("primary");
    screen.tools.prepend(this.#again);
  }

  open(): void {
    this.#socket?.close();
    const url = new URL(this.#address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, PROTOCOL);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#read = 0;
    this.#over = this.#opened = false;
    this.#again.hidden = true;
    this.#screen.say(TEXT.connecting);
    this.#screen.terminal.reset();
    socket.addEventListener("message", ({ data }) => (typeof data === "string" ? this.#hear(JSON.parse(data) as Said) : this.#show(data as ArrayBuffer)));
    socket.addEventListener("close", () => socket === this.#socket && this.#closed());
  }

  /** What is shown is acknowledged once it is on the screen, so that the hub never sends more than we can draw. */
  #show(data: ArrayBuffer): void {
    this.#screen.terminal.write(new Uint8Array(data), () => {
      this.#read += data.byteLength;
      this.#say({ read: this.#read });
    });
  }

  #hear(said: Said): void {
    if (said.type === "opened") {
      this.#opened = true;
      const { terminal } = this.#screen;
      this.#screen.fit();
      this.#say({ size: [terminal.cols, terminal.rows] });
      terminal.focus();
      const where = said.shell ? t("{shell} in {container}.", { shell: said.shell, container: said.container ?? "" }) : (said.container ?? "");
      this.#screen.say([where, said.recorded ? TEXT.recorded : "", TEXT.leave].filter(Boolean).join(" "));
      return;
    }
    const told = said.type === "ended" ? t("The shell has ended with {code}.", { code: said.code ?? 0 }) : [said.detail || said.title, said.cure].filter(Boolean).join(" ");
    this.#end(told);
    if (said.code === "no_shell") document.querySelector<HTMLDetailsElement>("#debug")?.setAttribute("open", "");
  }

  #closed(): void {
    if (!this.#over) this.#end(this.#opened ? TEXT.lost : TEXT.refused);
  }

  #end(told: string): void {
    this.#over = true;
    this.#screen.say(told);
    announce(told);
    this.#again.hidden = false;
    this.#again.focus();
  }

  #type(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += PASTED) this.#send(data.slice(at, at + PASTED));
  }

  #say(said: object): void {
    this.#send(JSON.stringify(said));
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** The way out without a mouse, and copying where a selection makes clear that no interrupt is meant. */
  #ours(event: KeyboardEvent): boolean {
    if (event.ctrlKey && event.altKey && event.code === "KeyT") {
      if (event.type === "keydown") this.#screen.tools.querySelector<HTMLElement>("input, button:not([hidden])")?.focus();
      return false;
    }
    const copies = event.ctrlKey && event.shiftKey && event.code === "KeyC";
    if (copies && event.type === "keydown" && this.#screen.terminal.hasSelection()) {
      event.preventDefault();
      void navigator.clipboard?.writeText(this.#screen.terminal.getSelection());
    }
    return !copies;
  }
}

export function mount(root: HTMLElement): void {
  const address = root.dataset.terminal ?? "";
  void dressed().then(() => {
    const shell = new Shell(new Screen(root, { fitted: true }), address);
    shell.open();
  });
}
