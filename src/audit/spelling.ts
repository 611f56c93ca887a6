// How records spell our words: as the contract does.

import { SERVICE_NAMES, type ServiceName, serviceRow } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";

/** A service, and its privileges by their numbers. */
export interface Spelled {
  readonly service: string;
  readonly privileges: ReadonlyMap<number, string>;
}

/** The services and their privileges as the contract spells them: made once, since it takes a while. */
export const SPELLED = Object.fromEntries(
  SERVICE_NAMES.map((service) => {
    const privileges = Object.entries(serviceRow(service).privileges);
    return [
      service,
      {
        service: wireSpelling(service),
        privileges: new Map(privileges.map(([name, number]) => [number, wireSpelling(name)])),
      },
    ];
  }),
) as unknown as Readonly<Record<ServiceName, Spelled>>;

/** A service as the contract spells it: `convo_ai`. */
export function spelledService(service: ServiceName): string {
  return SPELLED[service].service;
}
