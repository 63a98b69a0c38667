// What the worker says by itself, when there is neither a network nor a kept copy. A page tells it in its language.

import { direction, language, t } from "../texts.ts";

export interface Words {
  language: string;
  direction: string;
  title: string;
  lead: string;
  kept: string;
  again: string;
}

/** In the language of the page; in the worker itself, which has none, in English. */
export function words(): Words {
  return {
    language: language(),
    direction: direction(),
    title: t("You are offline"),
    lead: t("This page was not saved on this device, so it needs the network. Nothing was lost."),
    kept: t("Saved here when you last saw them:"),
    again: t("Try again"),
  };
}
