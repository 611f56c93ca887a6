// A service of one method that gives back the bytes that it gets, and counts the bodies that are decoded.

const bytes = (decode: () => void) =>
  ({
    encode: (message: Uint8Array) => ({ finish: () => message }),
    decode: (body: Uint8Array) => {
      decode();
      return Buffer.from(body);
    },
    fromPartial: (message: Uint8Array) => message,
  }) as const;

function service(decode: () => void) {
  const method = {
    name: "Echo",
    requestType: bytes(decode),
    responseType: bytes(() => undefined),
    requestStream: false,
    responseStream: false,
    options: {},
  } as const;
  return { name: "EchoService", fullName: "test.EchoService", methods: { echo: method } } as const;
}

/** The path of the method. */
export const ECHO_PATH = "/test.EchoService/Echo";

/** The service, for clients. */
export const ECHO = service(() => undefined);

/** The service, for a server, and how many bodies were decoded. */
export function counting() {
  let count = 0;
  const definition = service(() => {
    count++;
  });
  return { definition, decoded: () => count };
}
