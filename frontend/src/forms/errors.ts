// What is wrong with a form, at the fields that it is about. Problem details (RFC 9457) say it by pointer.

import { t } from "../texts.ts";

export interface FieldError {
  pointer: string;
  detail: string;
}

export interface Problem {
  title?: string;
  detail?: string;
  cure?: string;
  instance?: string;
  errors?: FieldError[];
}

/** The field that a JSON pointer names: `/labels/0/name` is of `labels`. */
export function fieldOf(pointer: string): string {
  return (pointer.split("/")[1] ?? "").replaceAll("~1", "/").replaceAll("~0", "~");
}

/** A problem in words: what is wrong, and the cure. */
export function told({ title, detail, cure }: Problem): string {
  return [detail || title || t("This could not be done."), cure].filter(Boolean).join(" ");
}

const MARK = "data-told";

/** Take away what an earlier attempt was told. */
export function clear(form: HTMLFormElement): void {
  for (const note of form.querySelectorAll(`[${MARK}]`)) note.remove();
  for (const field of form.querySelectorAll<HTMLElement>(`[aria-invalid]`)) {
    field.removeAttribute("aria-invalid");
    const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.endsWith("-told"));
    if (others.join("")) field.setAttribute("aria-describedby", others.join(" "));
    else field.removeAttribute("aria-describedby");
  }
}

/** Put a problem into its form: each error at its field, the rest above. The focus goes to the first. */
export function place(form: HTMLFormElement, problem: Problem): void {
  clear(form);
  const marked: HTMLElement[] = [];
  const rest: string[] = [];
  for (const error of problem.errors ?? []) {
    const field = form.elements.namedItem(fieldOf(error.pointer));
    if (field instanceof HTMLElement && field.matches(":not([type=hidden])")) marked.push(point(field, error.detail));
    else rest.push(error.detail);
  }
  const summary = alert([told(problem), ...(marked.length ? rest : rest.filter((text) => !problem.detail?.includes(text)))].join(" "));
  form.prepend(summary);
  (marked[0] ?? summary).focus();
}

function point(field: HTMLElement, text: string): HTMLElement {
  const note = Object.assign(document.createElement("p"), { className: "mistake", textContent: text });
  note.id = `${field.id || (field as HTMLInputElement).name}-told`;
  note.setAttribute(MARK, "");
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), note.id].filter(Boolean).join(" "));
  (field.closest(".field") ?? field.parentElement ?? field).append(note);
  return field;
}

function alert(text: string): HTMLElement {
  const box = Object.assign(document.createElement("div"), { className: "notice bad", tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.setAttribute(MARK, "");
  box.append(Object.assign(document.createElement("div"), { className: "notice-text", textContent: text }));
  return box;
}
