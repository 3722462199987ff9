// Bundles what the browser phone takes from npm into one file the portal serves. Its digest stands in the table of
// src/ringfence/portal/static/vendor/README.md, which a test compares.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";

const VENDOR = new URL("../src/ringfence/portal/static/vendor/", import.meta.url);
const FILE = "jssip.min.js";

await build({
  entryPoints: ["entry.js"],
  outfile: new URL(FILE, VENDOR).pathname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "eof",
  charset: "utf8",
  banner: { js: "// @ts-nocheck" },
});
await copyFile(new URL("node_modules/jssip/LICENSE.md", import.meta.url), new URL("LICENSE.jssip", VENDOR));
const content = await readFile(new URL(FILE, VENDOR));
const digest = createHash("sha256").update(content).digest("hex");
const table = new URL("README.md", VENDOR);
const lines = (await readFile(table, "utf8")).split("\n");
const at = lines.findIndex((line) => line.startsWith(`| ${FILE} |`));
if (at < 0) throw new Error(`${table.pathname} has no line for ${FILE}`);
const cells = lines[at].split(" | ");
cells[cells.length - 1] = `${digest} |`;
lines[at] = cells.join(" | ");
await writeFile(table, lines.join("\n"));
console.log(`${FILE}: ${content.length} bytes, SHA-256 ${digest}`);
