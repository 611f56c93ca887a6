import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** What each key must be, to complete "must be ...". A message stands for its mapping. */
export const EXPECTED: Readonly<Record<string, string>> = {
  "Config.listen": "a list of at most 8 listeners",
  "Config.admin": "a mapping with the key address",
  "Config.reflection": "true or false",
  "Config.projects": "a list of 1 to 10000 projects",
  "Config.callers": "a list of at most 10000 callers",
  "Config.jwt_issuers": "a list of at most 16 issuers",
  "Config.permits": "a list of at most 10000 permits",
  "Config.limits": "a mapping with keys such as max_message_bytes",
  "Config.audit": "a mapping with the keys file, on_full, names and names_key_file",
  "Config.shutdown": "a mapping with the keys drain_delay and deadline",
  "Config.log": "a mapping with the key level",
  "Listener.address": "host:port with a numeric host or localhost, [host]:port for IPv6, or unix: and an absolute path",
  "Listener.tls": "a mapping with the keys certificate_file, key_file and client_ca_file",
  "Listener.terminated_upstream": "true or false",
  "Tls.certificate_file": "the file of the server's certificate chain",
  "Tls.key_file": "the file of the server's private key",
  "Tls.client_ca_file": "the file of the authorities of client certificates",
  "Tls.allow_readable_key_file": "true or false",
  "Admin.address": "host:port with a numeric host or localhost, or [host]:port for IPv6",
  "Project.id": "1 to 63 of a-z, 0-9 and -, and begin with a letter",
  "Project.app_id": "an App ID in quotes: 32 hexadecimal digits",
  "Project.allow_token006": "true or false",
  "Project.max_ttl": "a length of time from 1s to 86400s, in seconds such as 3600s",
  "Project.certificates": "a list of 1 to 16 certificates",
  "Project.acknowledge_live_tokens": "true or false",
  "Project.allow_readable_files": "true or false",
  "Certificate.id": "1 to 63 of a-z, A-Z, 0-9, ., _ and -, and begin with a letter or a digit",
  "Certificate.state": "standby, primary, retiring or revoked",
  "Certificate.file": "the file that holds the App Certificate",
  "Caller.id": "1 to 63 of a-z, 0-9 and -, and begin with a letter",
  "Caller.match": "a mapping with one of the keys spiffe_id, api_key_sha256, jwt and loopback",
  "Match.spiffe_id": "a SPIFFE ID such as spiffe://prod.example/ns/rooms/sa/lobby",
  "Match.api_key_sha256": "the SHA-256 of the API key in quotes: 64 hexadecimal digits in lower case",
  "Match.api_key_sha256_next":
    "the SHA-256 of the API key that takes over, in quotes: 64 hexadecimal digits in lower case",
  "Match.jwt": "a mapping with the keys issuer, subject and audience",
  "Match.loopback": "true",
  "JwtMatch.issuer": "the iss claim: an issuer of jwt_issuers",
  "JwtMatch.subject": "the sub claim",
  "JwtMatch.audience": "the aud claim",
  "JwtIssuer.issuer": "the iss claim of its JWTs",
  "JwtIssuer.jwks_file": "the file of its public keys",
  "JwtIssuer.jwks_url": "the https:// address of its public keys",
  "Permit.callers": "a list of IDs of callers, or of *",
  "Permit.projects": "a list of IDs of projects, or of *",
  "Permit.methods": "a list of methods, or of *",
  "Permit.services": "a list of services, or of *",
  "Permit.channels": "a list of patterns in quotes, in which * stands for any text",
  "Permit.users": "a mapping with the keys uids and accounts",
  "Permit.roles": "a list of roles or privileges, or of *",
  "Permit.max_ttl": "a length of time from 1s to 86400s, in seconds such as 3600s",
  "Permit.any_user": "true or false",
  "Permit.any_channel": "true or false",
  "Users.uids": "true or false",
  "Users.accounts": "a list of patterns in quotes, in which * stands for any text",
  "Limits.max_message_bytes": "an integer from 1024 to 4194304",
  "Limits.max_concurrent_streams": "an integer from 1 to 10000",
  "Limits.max_in_flight": "an integer from 1 to 100000",
  "Limits.per_caller": "a mapping with the keys rate and burst",
  "Limits.max_connections": "an integer from 1 to 1000000",
  "Limits.max_connections_per_address": "an integer from 1 to 1000000",
  "Rate.rate": "an integer from 1 to 4294967295",
  "Rate.burst": "an integer from 1 to 4294967295",
  "Audit.file": "a file, or - in quotes for standard output",
  "Audit.on_full": "deny or drop",
  "Audit.names": "plain or pseudonym",
  "Audit.names_key_file": "the file of the key for pseudonyms",
  "Shutdown.drain_delay": "a length of time from 0s to 300s, in seconds such as 5s",
  "Shutdown.deadline": "a length of time from 1s to 600s, in seconds such as 15s",
  "Log.level": "debug, info, warn or error",
};

/** What the value of a key must be: completes "must be ...". */
export function expectedOf(field: DescField): string {
  const words = EXPECTED[`${field.parent.name}.${field.name}`];
  if (words === undefined) throw new Error(`no words for ${field.toString()}`);
  return words;
}

/** The keys of a mapping, to be listed in a sentence: `jwks_file or jwks_url`. */
export function keysOf(message: DescMessage, word: "and" | "or", names = message.fields.map((f) => f.name)): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} ${word} ${last}`;
}
