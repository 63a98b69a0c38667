// The module of every page. What it adds is comfort: links and forms work without it.

import * as copy from "./copy.ts";
import * as keyboard from "./keyboard.ts";
import * as clock from "./live/clock.ts";
import * as page from "./live/page.ts";
import { watchTouches } from "./live/rows.ts";
import * as navigation from "./navigation.ts";
import * as palette from "./palette.ts";
import * as sidebar from "./sidebar.ts";
import * as theme from "./theme.ts";

theme.start();
navigation.start();
sidebar.start();
keyboard.start();
palette.start();
copy.start();
clock.start();
watchTouches();
page.start();
