import { connectivityState } from "@grpc/grpc-js";
import type { Channel } from "nice-grpc";

/** Something that calls go to, in turns. */
interface Member {
  readonly channel: Channel;
}

/** Takes turns, and passes over those that cannot be reached as long as there are others. */
export class Ring<M extends Member> {
  readonly #members: readonly M[];
  #next = 0;

  constructor(members: readonly M[]) {
    this.#members = members;
  }

  /** The member whose turn it is. All that are not connected are told to connect. */
  take(): M {
    const states = this.#members.map(({ channel }) => channel.getConnectivityState(true));
    const index =
      this.#find(states, (state) => state === connectivityState.READY) ??
      this.#find(states, (state) => state !== connectivityState.TRANSIENT_FAILURE) ??
      this.#next;
    this.#next = (index + 1) % this.#members.length;
    const member = this.#members[index];
    if (member === undefined) throw new Error("a ring without members");
    return member;
  }

  close(): void {
    for (const { channel } of this.#members) channel.close();
  }

  #find(states: readonly connectivityState[], fits: (state: connectivityState) => boolean): number | undefined {
    const turns = states.map((_, turn) => (this.#next + turn) % states.length);
    return turns.find((index) => fits(states[index] ?? connectivityState.SHUTDOWN));
  }
}
