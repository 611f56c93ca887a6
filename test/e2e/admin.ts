// The admin address of a running service.
import type { Service } from "./service.ts";

/** A GET of it. */
export async function page(
  service: Pick<Service, "lines">,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const at = service.lines.flatMap((line) => /^metrics and probes are at (\S+)$/.exec(line)?.[1] ?? [])[0];
  if (at === undefined) throw new Error("the service has no admin address");
  const answer = await fetch(`${at}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** The series that it tells of: values by name and labels, as `/metrics` writes them. */
export async function series(service: Pick<Service, "lines">): Promise<ReadonlyMap<string, number>> {
  const { text } = await page(service, "/metrics");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}
