// Writes the licenses of everything that esbuild put into the server, which they ask to go with it:
// `node .ci/licenses.mjs [dist/meta.json [dist/LICENSES.txt]]`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A few words of each license, by which its text is told. */
const WORDS = {
  "0BSD": "Permission to use, copy, modify",
  "Apache-2.0": "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
  "BSD-2-Clause": "Redistribution and use in source and binary forms",
  "BSD-3-Clause": "Redistribution and use in source and binary forms",
  ISC: "Permission to use, copy, modify",
  MIT: "Permission is hereby granted, free of charge",
};

const [meta = "dist/meta.json", output = "dist/LICENSES.txt"] = process.argv.slice(2);
const { inputs } = JSON.parse(readFileSync(meta, "utf8"));
const files = Object.keys(inputs);
const folders = [...new Set(files.flatMap((file) => folderOf(file) ?? []))].sort();
if (folders.length === 0) throw new Error(`${meta} names no package: run npm run build first`);

const texts = folders.map((folder) =>
  textOf(
    folder,
    files.filter((file) => folderOf(file) === folder),
  ),
);
writeFileSync(output, `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);

function folderOf(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function textOf(folder, files) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const own = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = own.length > 0 ? own.map((file) => readFileSync(join(folder, file), "utf8").trim()) : noticesOf(files);
  for (const id of String(license).match(/[A-Za-z0-9][A-Za-z0-9.-]+/g) ?? []) {
    if (id === "AND" || texts.some((text) => text.includes(WORDS[id]))) continue;
    // Many packages name this license and leave its text out. It is ours too.
    if (id !== "Apache-2.0")
      throw new Error(`${name} ${version} is licensed as ${license}, and no text of ${id} is in it`);
    texts.push(readFileSync("LICENSE", "utf8").trim());
  }
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

// A package without a file of its license has it at the head of its sources.
function noticesOf(files) {
  const heads = files.map((file) => /^(?:\/\/.*\n)+|^\/\*[\s\S]*?\*\//.exec(readFileSync(file, "utf8"))?.[0].trim());
  return [...new Set(heads.filter((head) => /copyright/i.test(head ?? "")))];
}
