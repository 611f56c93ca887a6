// Which server to ask, and as whom.

import { type Command, Option } from "commander";
import type { ConnectOptions } from "../client/client.ts";
import type { Seconds } from "../clock.ts";
import { usage } from "./exit.ts";
import { collected, fileText, secondsFrom } from "./values.ts";

/** What was said of the server. Secrets are named by their files: what is said here, every user of the machine sees. */
export interface ServerOptions {
  readonly server?: readonly string[];
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly bearerFile?: string;
  readonly bearerEnv?: string;
  readonly plaintext?: boolean;
  readonly deadline?: Seconds;
}

/** Where the demo listens. */
export const DEFAULT_SERVER = "127.0.0.1:50051";

/** Adds the options of a server. @param about completes the description of `--server` */
export function addServerOptions(command: Command, about: string): Command {
  return command
    .addOption(
      new Option("-s, --server <address>", `host:port or unix:/path; may stand several times; ${about}`).argParser(
        collected,
      ),
    )
    .option("--tls", "use TLS on this machine too; elsewhere it is used anyway")
    .option("--tls-ca <file>", "the authorities that may have signed the server's certificate, PEM")
    .option("--cert <file>", "the certificate of this client, for mTLS, PEM")
    .option("--key <file>", "its private key, PEM")
    .option("--server-name <name>", "the name in the server's certificate, where it is not that of the address")
    .option("--bearer-file <file>", "the file with the JWT or API key of this client")
    .addOption(
      new Option("--bearer-env <name>", "the name of the environment variable that has it").conflicts("bearerFile"),
    )
    .option("--plaintext", "send everything unprotected, tokens and bearer included")
    .option("--deadline <time>", "how long to wait for the answer, all attempts together", secondsFrom("--deadline"));
}

/** How to connect as the options say. */
export function connectOptionsFrom(options: ServerOptions): ConnectOptions {
  const { tlsCa, cert, key, serverName, plaintext, deadline } = options;
  const pem = (option: string, file: string | undefined) => (file === undefined ? undefined : fileText(option, file));
  const [ca, certificate, privateKey] = [pem("--tls-ca", tlsCa), pem("--cert", cert), pem("--key", key)];
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    ...(privateKey !== undefined && { key: privateKey }),
    ...(serverName !== undefined && { serverName }),
  };
  const secured = options.tls === true || Object.keys(tls).length > 0;
  const bearer = bearerFrom(options);
  if (deadline === 0) throw usage("--deadline takes at least 1s");
  if (plaintext === true && secured) throw usage("--plaintext excludes TLS and its files");
  return {
    ...(secured && { tls }),
    ...(plaintext === true && { allowPlaintext: true }),
    ...(bearer !== undefined && { bearer }),
    ...(deadline !== undefined && { deadlineMs: deadline * 1000 }),
  };
}

function bearerFrom({ bearerFile, bearerEnv }: ServerOptions): string | undefined {
  if (bearerFile !== undefined) return fileText("--bearer-file", bearerFile).trim();
  if (bearerEnv === undefined) return undefined;
  const bearer = process.env[bearerEnv];
  // The name is not repeated: it may be the bearer itself.
  if (bearer === undefined) throw usage("--bearer-env: there is no environment variable of this name");
  return bearer.trim();
}
