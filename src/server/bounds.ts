// What keeps the servers of a process from too much: one for all listeners together.

import { Backpressure } from "./backpressure.ts";
import { Connections, type WatchStream } from "./connections.ts";
import { Gate, type Shed } from "./gate.ts";
import { Intake } from "./intake.ts";
import { LAG_TICK_MS, LoopLag } from "./lag.ts";
import { type Excess, Limiter, type RateLimits } from "./middleware/limit.ts";
import type { CallLimits } from "./options.ts";
import { Sessions } from "./sessions.ts";
import { Turn } from "./turn.ts";

/** How much is accepted. */
export interface Limits extends CallLimits, RateLimits {
  readonly maxConnections: number;
  /** From one address. Unix sockets have none. */
  readonly maxConnectionsPerAddress: number;
}

/** What bounds work with. */
export interface BoundsParts {
  readonly limits: Limits;
  /** Whether calls of the method at a path may be refused for want of time, and have to end soon. */
  readonly isBrief: (path: string) => boolean;
  /** Whether there is a method at a path. */
  readonly isServed: (path: string) => boolean;
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
  /** For how long this process has worked, in milliseconds. */
  readonly busy: () => number;
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the time can be believed. Otherwise no token is built. The default is that it can. */
  readonly isTimeRight?: () => boolean;
  /** Calls back again and again, every so many milliseconds, and gives what ends that. */
  readonly every: (milliseconds: number, act: () => void) => () => void;
  /** Is told of each call that is refused once its body is read, and for what. */
  readonly onExcess?: ((excess: Excess) => void) | undefined;
  /** Is told of each call that is refused by its headers alone, for what, and of its path. */
  readonly onShed?: ((why: Shed, path: string) => void) | undefined;
  /** Is told of each call that begins and is not refused by that. */
  readonly onStream?: WatchStream | undefined;
}

const SWEEP_MS = 1000;

/** Limits that are kept from now on until {@link stop}. */
export class Bounds {
  readonly limits: Limits;
  readonly backpressure: Backpressure;
  readonly connections: Connections;
  readonly sessions: Sessions;
  readonly gate: Gate;
  readonly intake: Intake;
  readonly limiter: Limiter;
  readonly lag: LoopLag;
  readonly #ends: readonly (() => void)[];

  constructor(parts: BoundsParts) {
    const {
      limits,
      isBrief,
      isServed,
      monotonic,
      busy,
      now,
      every,
      onExcess,
      onShed,
      onStream,
      isTimeRight = () => true,
    } = parts;
    this.limits = limits;
    const backpressure = new Backpressure({ ...limits, clock: monotonic });
    const sessions = new Sessions(monotonic, limits.maxMessageBytes, () => backpressure.most);
    const limiter = new Limiter(limits, monotonic, onExcess);
    const isFull = () => limiter.isFull;
    const turn = new Turn(busy, monotonic);
    const gate = new Gate({ isBrief, isServed, isTimeRight, isFull, turn, onShed });
    const connections = new Connections({ limits, clock: monotonic, sessions, gate, onStream });
    const lag = new LoopLag(monotonic);
    const intake = new Intake({ monotonic, now, isBrief });
    this.backpressure = backpressure;
    this.connections = connections;
    this.sessions = sessions;
    this.gate = gate;
    this.lag = lag;
    this.intake = intake;
    this.limiter = limiter;
    const sweep = () => {
      connections.sweep();
      sessions.sweep();
      intake.sweep();
    };
    const look = () => {
      lag.look();
      gate.look();
      backpressure.look({ shed: gate.lately, turn: turn.takenWhenFull(), connections: sessions.busy });
    };
    this.#ends = [every(SWEEP_MS, sweep), every(LAG_TICK_MS, look)];
  }

  /** Keeps connections from nothing any more. Calls are still limited. */
  stop(): void {
    for (const end of this.#ends) end();
    this.connections.stop();
  }
}
