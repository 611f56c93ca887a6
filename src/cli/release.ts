/**
 * The day this version was written, in milliseconds since 1970: a clock that shows an earlier one is wrong. A date of the
 * source and not of the build, so that the same source gives the same bytes.
 */
export const WRITTEN_AT = Date.UTC(2026, 10, 24);
