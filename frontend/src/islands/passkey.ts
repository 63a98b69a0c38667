// Passkeys: the browser is asked to make one or to sign with one, and the hub judges its answer. `data-passkey` says
// what for (sign-in, confirm, make), `data-next` where to go on.

import { t } from "../texts.ts";

type Json = Record<string, unknown>;

const TEXT = {
  none: t("This browser has no passkeys. Sign in another way."),
  here: t("Passkeys of this hub work at its own name only. Open it under {address}."),
  stopped: t("It was stopped, or took too long. Try again."),
  known: t("This device has a passkey for you already."),
  away: t("The hub could not be reached. Check the connection and try again."),
};

export function mount(element: HTMLElement): void {
  const button = element.querySelector("button");
  const mistake = element.querySelector<HTMLElement>(".mistake");
  if (!button || !mistake) return;
  button.addEventListener("click", () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    mistake.hidden = true;
    run(element).catch((error: unknown) => {
      mistake.textContent = told(error);
      mistake.hidden = false;
    }).finally(() => (button.ariaBusy = null));
  });
  button.disabled = false;
}

async function run(element: HTMLElement): Promise<void> {
  if (typeof PublicKeyCredential === "undefined") throw new Error(TEXT.none);
  const act = element.dataset.passkey;
  if (act === "make") return make();
  if (act === "confirm") await send("/me/proofs", { passkey: await sign("/me/proofs/challenges") });
  else await send("/sessions/passkeys", { credential: await sign("/sessions/challenges") });
  location.assign(ours(element.dataset.next ?? "/"));
}

/** An address of this hub; any other becomes its first page. */
export function ours(address: string): string {
  const url = new URL(address, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}

async function sign(path: string): Promise<Json> {
  const asked = await send(path);
  const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: [] };
  const made = (await navigator.credentials.get({ publicKey: publicKey as PublicKeyCredentialRequestOptions })) as PublicKeyCredential;
  const { clientDataJSON, authenticatorData, signature, userHandle } = made.response as AuthenticatorAssertionResponse;
  const response = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
  return credential(made, { ...response, userHandle: userHandle ? text(userHandle) : null });
}

async function make(): Promise<void> {
  const asked = await send("/me/passkeys/challenges");
  const user = asked.user as Json;
  const known = asked.excludeCredentials as Json[];
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: known.map((one) => ({ ...one, id: bytes(one.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const { clientDataJSON, attestationObject } = made.response as AuthenticatorAttestationResponse;
  const response = { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) };
  const name = document.querySelector<HTMLInputElement>("#passkey-name")?.value ?? "";
  const kept = await send("/me/passkeys", { credential: credential(made, response), name });
  show(kept.recovery_codes as string[]);
}

function show(codes: string[]): void {
  part("making").hidden = true;
  part("made").hidden = false;
  part("made-codes").hidden = codes.length === 0;
  part("codes").textContent = codes.join("\n");
  part("made").querySelector("a")?.focus();
}

function part(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

function credential(made: PublicKeyCredential, response: Json): Json {
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

async function send(path: string, body?: Json): Promise<Json> {
  const sent = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await fetch(`/api/v1${path}`, { method: "POST", ...sent }).catch(() => {
    throw new Error(TEXT.away);
  });
  if (answer.status === 204) return {};
  const told = (await answer.json()) as Json;
  if (told.code === "company_sign_in") await away(String(told.address));
  if (!answer.ok) throw new Error([told.detail, told.cure].filter(Boolean).join(" "));
  return told;
}

/** On to the company's provider, whose word is wanted too; nothing follows here. */
function away(address: string): Promise<never> {
  const next = document.querySelector<HTMLElement>("[data-passkey=sign-in]")?.dataset.next ?? "/";
  location.assign(ours(`${address}${address.includes("?") ? "&" : "?"}next=${encodeURIComponent(next)}`));
  return new Promise(() => {});
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return TEXT.stopped;
  if (error.name === "SecurityError") return TEXT.here.replace("{address}", `${location.protocol}//localhost:${location.port}`);
  if (error.name === "InvalidStateError") return TEXT.known;
  return error.name === "Error" ? error.message : TEXT.stopped;
}

export function bytes(base64url: unknown): Uint8Array<ArrayBuffer> {
  const plain = atob(String(base64url).replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function text(raw: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(raw));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
