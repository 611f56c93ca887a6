// What grpc-js says of a connection that cannot be made is right, and four sentences around the one that helps.

const AROUND = /^(?:[a-z_]+: )?(?:No connection established\. (?:Last error: )?)+(?:Error:? )?(?:null)?/;
const AFTER = /\.? *Resolution note: *$/;
/** Source: OpenSSL, ERR_error_string. */
const TLS = /[0-9A-F]{16}:error:[0-9A-F]{8}:SSL routines:[^:]*:([^:]+):[^\n]*\n?/;

/**
 * Says of a connection that could not be made what is wrong, and nothing else. Any other text is left as it is.
 *
 * @param details what came with the status, from the server or from grpc-js
 */
export function inFewerWords(details: string): string {
  if (!AROUND.test(details)) return details;
  const cause = details.replace(AROUND, "").replace(AFTER, "").replace(TLS, "TLS: $1").trim();
  return cause === "" ? "no connection" : `no connection: ${cause}`;
}
