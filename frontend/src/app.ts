// The module of every page. What it adds is comfort: links and forms work without it.

import * as copy from "./copy.ts";
import * as forms from "./forms/submit.ts";
import * as frame from "./frame.ts";
import * as islands from "./islands.ts";
import * as keyboard from "./keys/keyboard.ts";
import * as drawer from "./list/drawer.ts";
import * as selection from "./list/selection.ts";
import * as clock from "./live/clock.ts";
import * as page from "./live/page.ts";
import * as navigation from "./navigation.ts";
import * as offline from "./offline.ts";
import * as sidebar from "./sidebar.ts";
import * as tabs from "./tabs.ts";
import * as theme from "./theme.ts";
import * as toasts from "./toasts.ts";

theme.start();
frame.start();
navigation.start();
sidebar.start();
keyboard.start();
drawer.start();
selection.start();
forms.start();
copy.start();
clock.start();
tabs.start();
toasts.start();
page.start();
islands.start();
offline.start();
