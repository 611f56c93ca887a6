// Writes the bill of materials, CycloneDX, of what the lock file says, and so of whatever is built from it:
// `node .ci/sbom.mjs [dist/sbom.json]`. What is not shipped has the property cdx:npm:package:development.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const [output = "dist/sbom.json"] = process.argv.slice(2);
const { name } = JSON.parse(readFileSync("package.json", "utf8"));
const options = ["--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "application"];
const { serialNumber, ...bom } = JSON.parse(
  execFileSync("npm", ["sbom", ...options], { stdio: ["ignore", "pipe", "inherit"] }),
);
// One lock file, one bill: without the time, and with the name of the package where npm puts that of the folder.
const { timestamp, ...metadata } = bom.metadata;
metadata.component.name = name;
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify({ ...bom, metadata }, null, 2)}\n`);
