/** Who calls. */
export interface Caller {
  /** The ID that the configuration gives it. */
  readonly id: string;
  /** How it was proven. */
  readonly proof: "loopback";
}
