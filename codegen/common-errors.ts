/** Codes that every operation can give besides its own (`invalid_command` instead of `invalid_request` where it says so). */
export const commonErrors: readonly string[] = [
  "contract_mismatch",
  "deadline_exceeded",
  "internal",
  "origin_denied",
  "parse_error",
  "payload_too_large",
  "permission_denied",
  "quota_exceeded",
  "request_cancelled",
  "shutting_down",
  "unauthenticated",
];
