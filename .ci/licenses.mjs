// Writes dist/LICENSES.txt: the licenses of everything that esbuild put into dist/main.cjs, which they ask to go with it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const { inputs } = JSON.parse(readFileSync("dist/meta.json", "utf8"));
const folders = new Set(Object.keys(inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));

const texts = [...folders].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  if (files.length === 0 && !license) throw new Error(`${name} states no license`);
  const full = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...full].join("\n\n");
});
if (texts.length === 0) throw new Error("dist/meta.json names no package: run npm run build first");
writeFileSync("dist/LICENSES.txt", `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
