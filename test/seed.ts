// Before each file of tests: random cases are the same in every run, unless FUZZ_SEED says which others.
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env["FUZZ_SEED"] ?? 47) });
