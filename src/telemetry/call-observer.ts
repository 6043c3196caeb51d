import type { CallObserver } from "../kernel/dispatch.js";
import type { OperationMetrics } from "./operation-metrics.js";

/** Counts every call and, when asked for, writes a line for each: by default nobody pays for lines. */
export function createCallObserver(operations: OperationMetrics, logRequests: boolean): CallObserver {
  return (id, call, code, elapsedMs) => {
    operations.observe(id, call.surface, code, elapsedMs / 1000);
    if (logRequests) {
      const fields = {
        request_id: call.requestId,
        operation: id,
        surface: call.surface,
        principal: call.principal?.name,
        principal_kind: call.principal?.kind,
        session: call.session,
        code,
        ms: Math.round(elapsedMs * 1000) / 1000,
        ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
      };
      call.log.info(fields, "request");
    }
  };
}
