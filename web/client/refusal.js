/** The server's no: `code` is one of the protocol's words. */
export class Refusal extends Error {
  /** @param {any} payload  of an `error` event */
  constructor(payload) {
    const code = String(payload?.code ?? "internal");
    super(String(payload?.message ?? code));
    this.code = code;
    this.retryable = payload?.retryable === true;
    /** How long to wait before trying again; -1 if the server did not say. */
    this.retryAfterMs = typeof payload?.retry_after_ms === "number" ? payload.retry_after_ms : -1;
  }
}
