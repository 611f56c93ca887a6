// Channels and users, and how Agora's tokens spell them.

/** A channel by its name, or every channel of the project. A decoded name may be a pattern such as `1*a*2`. */
export type Channel = { readonly name: string } | "any";

/** A user by uid (1 to 2^32-1), by account, or whoever holds the token. A decoded account may be a pattern. */
export type User = { readonly uid: number } | { readonly account: string } | "any";

/** The largest uid. */
export const MAX_UID = 0xffff_ffff;

/** The most bytes of a channel name. */
export const MAX_CHANNEL_NAME_BYTES = 64;

/** The most bytes of a user account. */
export const MAX_ACCOUNT_BYTES = 255;

/** The most bytes of a signaling user ID. */
export const MAX_USER_ID_BYTES = 64;

// The 89 characters that Agora allows in channel names, accounts and signaling user IDs. `*` is not
// among them: it stands for any text.
const LEGAL = /^[a-zA-Z0-9 !#$%&()+,.:;<=>?@[\]^_{}|~-]+$/;
const UID = /^[1-9][0-9]{0,9}$/;

/** Whether a text is not empty and of Agora's character set alone. Such a text has as many bytes as characters. */
export function isLegalText(text: string, maxBytes: number): boolean {
  return text.length <= maxBytes && LEGAL.test(text);
}

/** The channel as it is written: any is `*`. */
export function channelToText(channel: Channel): string {
  return channel === "any" ? "*" : channel.name;
}

/** The channel that a text means. Agora reads an empty name and `*` as every channel. */
export function channelFromText(text: string): Channel {
  return text === "" || text === "*" ? "any" : { name: text };
}

/** The user as it is written: any is the empty text, a uid its decimal digits. */
export function userToText(user: User): string {
  if (user === "any") return "";
  return "uid" in user ? String(user.uid) : user.account;
}

/**
 * The user that a text means. The uid 123 and the account "123" are written alike, and so are one user to Agora.
 * `*` stays an account, the widest of patterns, so that what was read is what is written again.
 */
export function userFromText(text: string): User {
  if (text === "") return "any";
  const uid = uidFromText(text);
  return uid === undefined ? { account: text } : { uid };
}

/** The uid that a text spells, or undefined if it spells none. */
export function uidFromText(text: string): number | undefined {
  if (!UID.test(text)) return undefined;
  const uid = Number(text);
  return uid <= MAX_UID ? uid : undefined;
}
