import { BackendError } from "../kernel/backend.js";

/** What every call of a backend that was closed rejects with. */
export function closedError(): BackendError {
  return new BackendError("closed", "The backend is closed.");
}
