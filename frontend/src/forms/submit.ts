// Forms with `data-form` are sent without leaving the page, so that nothing typed is lost when it fails.

import { place as placeFragment } from "../live/fragments.ts";
import { t } from "../texts.ts";
import { parse } from "../trusted.ts";
import { toastOf } from "../toasts.ts";
import { clear, place, type Problem } from "./errors.ts";

const ACCEPT = "application/problem+json, text/html;q=0.9";
const SLOW = 30_000; // after so long, a form that leaves the page may be sent again
const TEXT = {
  away: t("The hub could not be reached. Nothing was sent; what you typed is still here. Check the connection and try again."),
  odd: t("The hub failed while it answered. What you typed is still here. Try again in a moment."),
};

const dirty = new Set<HTMLFormElement>();
const sending = new WeakSet<HTMLFormElement>();

/** What a form sends: as a browser would, with files only where there are some. */
export function bodyOf(data: FormData): FormData | URLSearchParams {
  const fields = [...data.entries()];
  if (fields.some(([, value]) => typeof value !== "string" && value.size > 0)) return data;
  return new URLSearchParams(fields.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}

async function send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const data = new FormData(form, submitter);
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  hold(form, true);
  clear(form);
  try {
    const answer = await fetch(action, { method: "POST", body: bodyOf(data), headers: { Accept: ACCEPT } });
    await take(form, answer);
  } catch {
    place(form, { detail: TEXT.away });
  } finally {
    hold(form, false);
  }
}

async function take(form: HTMLFormElement, answer: Response): Promise<void> {
  const kind = answer.headers.get("content-type") ?? "";
  if (answer.redirected) {
    settle(form);
    return location.assign(answer.url);
  }
  if (kind.startsWith("application/problem+json")) return place(form, (await answer.json()) as Problem);
  if (kind.startsWith("text/html")) return show(form, await answer.text(), answer.ok);
  if (!answer.ok) return place(form, { detail: TEXT.odd });
  settle(form);
  toastOf(answer);
  form.dispatchEvent(new CustomEvent("basefly:sent", { bubbles: true }));
}

/** A page came back: the same form with what is wrong in it, or another page altogether. */
function show(form: HTMLFormElement, html: string, ok: boolean): void {
  const next = form.id ? parse(html).querySelector<HTMLElement>(`form#${CSS.escape(form.id)}`) : null;
  if (!next) return place(form, { detail: ok ? "" : TEXT.odd });
  if (ok) settle(form);
  placeFragment(form, next, "typing");
  document.querySelector<HTMLElement>(`#${CSS.escape(form.id)} [aria-invalid=true]`)?.focus();
}

function hold(form: HTMLFormElement, on: boolean): void {
  if (on) sending.add(form);
  else sending.delete(form);
  form.ariaBusy = on ? "true" : null;
  for (const button of form.querySelectorAll<HTMLElement>("button:not([type=button])")) button.ariaDisabled = on ? "true" : null;
}

function settle(form: HTMLFormElement): void {
  dirty.delete(form);
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented || form.method !== "post") return;
  if (sending.has(form)) return event.preventDefault();
  if (form.matches("[data-form]")) {
    event.preventDefault();
    void send(form, event.submitter);
    return;
  }
  settle(form);
  sending.add(form);
  setTimeout(() => sending.delete(form), SLOW);
}

export function start(): void {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element && event.target.closest<HTMLFormElement>("form[data-form], form[data-guarded]");
    if (form) dirty.add(form);
  });
  document.addEventListener("reset", (event) => event.target instanceof HTMLFormElement && settle(event.target));
  addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sending.delete(form);
  });
}
