// What goes wrong beside the engine, on the way to it. It has a kind, and the page has the words.

export type FailedKind =
  /** No answer. */
  | "Unreachable"
  /** An answer that says no; its status is the message. */
  | "Status"
  /** The daemon does not take the secret. */
  | "Refused"
  /** A file is another one than it was when its first bytes were read. */
  | "Changed"
  /** The connection was there, and broke. */
  | "Ended"
  /** The daemon was started anew, and its events are others now. */
  | "Restarted";

export class Failed extends Error {
  constructor(kind: FailedKind, message = "") {
    super(message);
    this.name = kind;
  }
}

/** Waits for the network, whose own errors are all alike. */
export async function network<T>(waiting: Promise<T>, kind: FailedKind): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    if (error instanceof TypeError) throw new Failed(kind);
    throw error;
  }
}
