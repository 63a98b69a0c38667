// Builds the console's scripts and styles: `node build.mjs OUT`. Names carry a hash of the content, manifest.json maps
// plain names to them, and compressed twins lie beside them. Fails when the scripts or the styles of a first visit outgrow their budget.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

// What every page loads, and how many bytes of gzip it may come to.
const BUDGETS = [
  { what: "scripts", names: ["app.js"], bytes: 20 * 1024, cure: "Load what few pages need with import(), or take something out." },
  { what: "styles", names: ["app.css"], bytes: 14 * 1024, cure: "Use the parts there are, or take out what no page shows." },
];
const SOURCES = resolve(import.meta.dirname);
const out = resolve(process.argv[2] ?? join(SOURCES, "../basefly/console/static/dist"));

const deflate = promisify(gzip);
const brotli = promisify(brotliCompress);

async function bundle(entry, name) {
  const result = await build({
    entryPoints: [join(SOURCES, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark()
    charset: "utf8",
    legalComments: "none",
  });
  return { name, content: result.outputFiles[0].contents };
}

async function images() {
  const folder = join(SOURCES, "images");
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
}

async function licences() {
  const { dependencies } = JSON.parse(await readFile(join(SOURCES, "package.json"), "utf8"));
  const texts = Object.keys(dependencies).map(async (name) => {
    const folder = join(SOURCES, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = await readFile(join(folder, "LICENSE"), "utf8");
    return `${name} ${version} (${license})\n\n${text}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}

async function emit({ name, content }) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const kind = extname(name);
  const hashed = `${basename(name, kind)}-${hash}${kind}`;
  const small = await deflate(content, { level: 9 });
  const smaller = await brotli(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(join(out, hashed), content);
  await writeFile(join(out, `${hashed}.gz`), small);
  await writeFile(join(out, `${hashed}.br`), smaller);
  return { name, hashed, bytes: small.length };
}

function checkBudgets(emitted) {
  for (const { what, names, bytes: budget, cure } of BUDGETS) {
    const bytes = emitted.filter(({ name }) => names.includes(name)).reduce((sum, file) => sum + file.bytes, 0);
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
const files = [await bundle("src/app.ts", "app.js"), await bundle("styles/app.css", "app.css"), ...(await images())];
const emitted = await Promise.all(files.map(emit));
checkBudgets(emitted);
const manifest = Object.fromEntries(emitted.map(({ name, hashed }) => [name, hashed]));
await writeFile(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await writeFile(join(out, "licences.txt"), await licences());
for (const { name, bytes } of emitted) console.log(`${name.padEnd(12)} ${kilobytes(bytes)} KB gzip`);
