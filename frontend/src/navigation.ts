// Filters, sorting and paging without a new page: the part named by `data-swap` is fetched, and the address follows.

import { announce } from "./announce.ts";
import { rowLinks } from "./keys/rows.ts";
import { load, place } from "./live/fragments.ts";
import { follow } from "./list/drawer.ts";
import { opened, opening } from "./list/address.ts";
import { listen } from "./live/page.ts";
import { wait } from "./waiting.ts";

const TYPING_PAUSE = 200;

let shownAddress = ""; // of the list, whatever its drawer shows
let running: AbortController | undefined;
let typing = 0;

/** A GET form's address, without the fields that were left empty. */
export function formAddress(action: string, fields: Iterable<[string, FormDataEntryValue]>): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) if (typeof value === "string" && value) query.append(name, value);
  const text = query.toString();
  return text ? `${action}?${text}` : action;
}

/** How the browser's history takes a change: as a step of its own, as more of the same typing, or it is a step back. */
type Step = "step" | "typing" | "back";

/** Show the part `id` as it is at `url`. Falls back to a plain page load when the server does not play along. */
async function swap(url: string, id: string, step: Step): Promise<void> {
  clearTimeout(typing);
  running?.abort();
  const mine = (running = new AbortController());
  const shown = document.getElementById(id);
  if (!shown) return location.assign(url);
  const over = wait(shown, url, () => stay(step), (bar) => {
    const news = shown.querySelector("[data-pending]"); // stands where a bar moves nothing
    if (news) news.after(bar);
    else shown.prepend(bar);
  });
  try {
    const next = await load(url, id, mine.signal);
    const inside = shown.contains(document.activeElement);
    remember(url, step);
    shownAddress = opening(location.href, undefined);
    place(shown, next, step === "typing" ? "typing" : "asked");
    if (inside && document.activeElement === document.body) (rowLinks()[0] ?? document.getElementById("main"))?.focus();
    listen();
    announce(document.querySelector("[data-result]")?.textContent?.trim() ?? "");
  } catch {
    if (!mine.signal.aborted) location.assign(url);
  } finally {
    over(running !== mine);
  }
}

/** What is shown stays, and with it the address and the fields that say what it is. */
function stay(step: Step): void {
  running?.abort();
  if (step === "back") history.pushState(null, "", opening(shownAddress, opened(location.href)));
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-swap]")) form.reset();
  (rowLinks()[0] ?? document.getElementById("main"))?.focus();
}

/** Typing is one step back, however many letters it has. */
function remember(url: string, step: Step): void {
  if (step === "back") return;
  const state = { typing: step === "typing" };
  const more = state.typing && (history.state as typeof state | null)?.typing;
  if (more) history.replaceState(state, "", url);
  else history.pushState(state, "", url);
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element && event.target.closest<HTMLAnchorElement>("a[data-swap]");
  if (!link || !link.dataset.swap) return;
  event.preventDefault();
  void swap(link.href, link.dataset.swap, "step");
}

function submit(form: HTMLFormElement, step: Step): void {
  const action = form.getAttribute("action") ?? location.pathname;
  const address = formAddress(action, new FormData(form).entries());
  const open = new URL(location.href).searchParams.get("open");
  const target = open ? opening(new URL(address, location.href).href, open) : address;
  void swap(target, form.dataset.swap ?? "", step);
}

function swapForm(event: Event): HTMLFormElement | undefined {
  const form = event.target instanceof Element ? event.target.closest<HTMLFormElement>("form[data-swap]") : null;
  return form ?? undefined;
}

export function start(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", (event) => {
    const form = swapForm(event);
    if (!form) return;
    event.preventDefault();
    form.querySelector<HTMLElement>(":popover-open")?.hidePopover();
    submit(form, "step");
  });
  document.addEventListener("input", (event) => {
    const form = swapForm(event);
    if (!form || !(event.target instanceof HTMLInputElement)) return;
    clearTimeout(typing);
    typing = window.setTimeout(() => submit(form, "typing"), TYPING_PAUSE);
  });
  document.addEventListener("change", (event) => {
    const form = swapForm(event);
    if (form && event.target instanceof HTMLSelectElement) submit(form, "step");
  });
  shownAddress = opening(location.href, undefined);
  addEventListener("popstate", () => {
    const id = document.querySelector<HTMLElement>("[data-swap]")?.dataset.swap;
    const other = opening(location.href, undefined) !== shownAddress;
    if (id && other) void swap(location.href, id, "back");
    follow();
  });
}
