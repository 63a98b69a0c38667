// Texts in the reader's language. The message is the English text; the page brings what else its language has.

type Values = Record<string, string | number>;

let brought: Record<string, string | string[]> | undefined;

/** The message, with `{name}` in it replaced by values. */
export function t(message: string, values: Values = {}): string {
  const text = texts()[message];
  return filled(typeof text === "string" ? text : message, values);
}

/** The form of the message that fits the number; `{n}` in it is the number. */
export function tn(one: string, many: string, n: number, values: Values = {}): string {
  const forms = texts()[one];
  const text = Array.isArray(forms) ? (n === 1 ? forms[0] : forms.at(-1)) : undefined;
  return filled(text ?? (n === 1 ? one : many), { n, ...values });
}

/** Numbers are written as the language does; give one that is a name, such as a port, as text. */
function filled(text: string, values: Values): string {
  const shown = (value: string | number) => (typeof value === "number" ? value.toLocaleString(language()) : value);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? shown(values[name] as string | number) : whole));
}

/** The page's language as figures and moments are written in it; the pseudo languages count as English does. */
export function language(): string {
  const tag = page()?.documentElement.lang ?? "";
  return tag === "" || tag.endsWith("-XA") || tag.endsWith("-XB") ? "en" : tag;
}

/** From where the page's language is read: "ltr" or "rtl". */
export function direction(): string {
  return page()?.documentElement.dir || "ltr";
}

interface Page {
  documentElement: { lang: string; dir: string };
  getElementById(id: string): { textContent: string | null } | null;
}

/** A worker has no page, and speaks English. */
function page(): Page | undefined {
  return (globalThis as { document?: Page }).document;
}

function texts(): Record<string, string | string[]> {
  brought ??= JSON.parse(page()?.getElementById("texts")?.textContent || "{}") as Record<string, string | string[]>;
  return brought;
}
