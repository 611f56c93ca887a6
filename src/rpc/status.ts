import { ServerError, Status } from "nice-grpc";

export { Status };

const MAX_MESSAGE = 512;

/**
 * What is safe to send as a status message: printable ASCII, at most 512 characters; others become `?`.
 * grpc-js writes it with encodeURI, where half of a surrogate pair throws, uncaught, and ends the process.
 */
export function statusMessage(text: string): string {
  return text.slice(0, MAX_MESSAGE).replace(/[^ -~]/g, "?");
}

/**
 * An error that nice-grpc sends as it is. For protocols whose failures are not our contract's, such as
 * health checking: what the token service refuses is a `Failure`.
 *
 * @param message in our own words, never text from a request
 */
export function statusError(status: Status, message: string): Error {
  return new ServerError(status, statusMessage(message));
}
