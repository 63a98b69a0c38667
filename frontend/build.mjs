// Builds the console's scripts and styles: `node build.mjs OUT`. Names carry a hash of the content, manifest.json maps
// plain names to them, and compressed twins lie beside them. Fails when the scripts or the styles of a first visit outgrow their budget.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

// What every page loads, and how many bytes of gzip it may come to.
const FIRST_LOAD = "app.js";
const BUDGETS = [
  { what: "scripts", kind: ".js", bytes: 20 * 1024, cure: "Load what few pages need with import(), or take something out." },
  { what: "styles", kind: ".css", bytes: 14 * 1024, cure: "Use the parts there are, or take out what no page shows." },
];
const SOURCES = resolve(import.meta.dirname);
const out = resolve(process.argv[2] ?? join(SOURCES, "../basefly/console/static/dist"));

const deflate = promisify(gzip);
const brotli = promisify(brotliCompress);

const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark()
  charset: "utf8",
  legalComments: "none",
};

/** One file from one source; its name gets its hash when it is written. */
async function single(entry, name, format) {
  const result = await build({ ...COMMON, entryPoints: [join(SOURCES, entry)], format });
  return { name, content: result.outputFiles[0].contents };
}

/** The module and its islands. They name each other, so esbuild itself puts the hashes into their names. */
async function scripts() {
  const names = { entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]" };
  const entryPoints = [join(SOURCES, "src/app.ts")];
  const result = await build({ ...COMMON, ...names, entryPoints, format: "esm", splitting: true, outdir: out });
  const contents = new Map(result.outputFiles.map((file) => [basename(file.path), file.contents]));
  const files = Object.entries(result.metafile.outputs).map(([path, { entryPoint, imports }]) => {
    const hashed = basename(path);
    const name = entryPoint ? `${basename(entryPoint, ".ts")}.js` : hashed;
    const needs = imports.filter(({ kind }) => kind === "import-statement").map((one) => basename(one.path));
    return { name, hashed, content: contents.get(hashed), needs };
  });
  return { files, first: closure(files, FIRST_LOAD) };
}

/** The hashed names of a script and of all that it cannot begin without. */
function closure(files, name) {
  const wanted = new Set([files.find((file) => file.name === name).hashed]);
  for (const hashed of wanted) for (const need of files.find((file) => file.hashed === hashed).needs) wanted.add(need);
  return wanted;
}

async function images() {
  const folder = join(SOURCES, "images");
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
}

/** The licence of everything that is bundled, what our own dependencies need among it. */
async function licences() {
  const { packages } = JSON.parse(await readFile(join(SOURCES, "package-lock.json"), "utf8"));
  const bundled = Object.entries(packages).filter(([path, { dev }]) => path && !dev);
  const texts = bundled.map(async ([path, { version, license }]) => {
    const text = await readFile(join(SOURCES, path, "LICENSE"), "utf8");
    return `${path.replace("node_modules/", "")} ${version} (${license})\n\n${text}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}

function hashedName(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const kind = extname(name);
  return `${basename(name, kind)}-${hash}${kind}`;
}

async function emit({ name, content, hashed = hashedName(name, content) }) {
  const small = await deflate(content, { level: 9 });
  const smaller = await brotli(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(join(out, hashed), content);
  await writeFile(join(out, `${hashed}.gz`), small);
  await writeFile(join(out, `${hashed}.br`), smaller);
  return { name, hashed, bytes: small.length };
}

function checkBudgets(emitted, first) {
  for (const { what, kind, bytes: budget, cure } of BUDGETS) {
    const bytes = emitted.filter(({ hashed }) => first.has(hashed) && extname(hashed) === kind).reduce((sum, file) => sum + file.bytes, 0);
    console.log(`${what.padEnd(12)} ${kilobytes(bytes)} of ${kilobytes(budget)} KB gzip on a first visit`);
    if (bytes <= budget) continue;
    console.error(`The ${what} of a first visit are ${bytes} bytes of gzip; the budget is ${budget}.\n${cure}`);
    process.exit(1);
  }
}

function kilobytes(bytes) {
  return (bytes / 1024).toFixed(1);
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { files: modules, first } = await scripts();
const worker = await single("src/worker/sw.ts", "sw.js", "iife");
const style = await single("styles/app.css", "app.css");
const later = await single("styles/islands.css", "islands.css");
const terminal = await single("styles/terminal.css", "terminal.css");
const emitted = await Promise.all([...modules, worker, style, later, terminal, ...(await images())].map(emit));
checkBudgets(emitted, new Set([...first, ...emitted.filter(({ name }) => name === "app.css").map(({ hashed }) => hashed)]));
const manifest = Object.fromEntries(emitted.map(({ name, hashed }) => [name, hashed]));
await writeFile(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await writeFile(join(out, "first.json"), `${JSON.stringify([...first].sort())}\n`); // what a page may fetch at once
await writeFile(join(out, "licences.txt"), await licences());
for (const { name, bytes } of emitted) console.log(`${name.padEnd(24)} ${kilobytes(bytes)} KB gzip`);
