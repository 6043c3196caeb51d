import type { OperationId } from "../generated/operations.js";
import type { SurfaceName } from "../kernel/context.js";

/** Upper bounds in seconds; the shortest calls take tens of microseconds, the longest wait a minute. */
const bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 75];

interface Series {
  operation: OperationId;
  surface: SurfaceName;
  code: string;
  count: number;
  sumSeconds: number;
  /** Calls per bucket, not cumulative; the last is everything above. */
  buckets: Float64Array;
}

interface Sample {
  value: number;
  labels: Record<string, string>;
  metricName?: string;
}

/** One metric as the registry reads it. */
interface ReadableMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "histogram";
  get(): Promise<{ name: string; help: string; type: string; values: Sample[]; aggregator: string }>;
}

/**
 * Counts and times calls. It keeps its own numbers because it runs on every call: the registry's own metrics hash their
 * labels each time.
 */
export class OperationMetrics {
  readonly #byOperation = new Map<OperationId, Series[]>();

  observe(operation: OperationId, surface: SurfaceName, code: string, seconds: number): void {
    const series = this.#find(operation, surface, code);
    series.count += 1;
    series.sumSeconds += seconds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) {
      bucket += 1;
    }
    series.buckets[bucket]! += 1;
  }

  /** What to register: a counter by operation, surface and code; a histogram by operation and surface. */
  metrics(): ReadableMetric[] {
    return [
      metric(
        "parley_operations_total",
        "Calls that ended, by operation, surface and error code.",
        "counter",
        () =>
          this.#all().map(({ operation, surface, code, count }) => ({
            value: count,
            labels: { operation, surface, code },
          })),
      ),
      metric(
        "parley_operation_duration_seconds",
        "Time from a call's arrival to its answer.",
        "histogram",
        () => this.#histograms(),
      ),
    ];
  }

  #find(operation: OperationId, surface: SurfaceName, code: string): Series {
    let all = this.#byOperation.get(operation);
    if (all === undefined) {
      all = [];
      this.#byOperation.set(operation, all);
    }
    for (const series of all) {
      if (series.code === code && series.surface === surface) {
        return series;
      }
    }
    const buckets = new Float64Array(bounds.length + 1);
    const series: Series = { operation, surface, code, count: 0, sumSeconds: 0, buckets };
    all.push(series);
    return series;
  }

  #all(): Series[] {
    return [...this.#byOperation.values()].flat();
  }

  #histograms(): Sample[] {
    const merged = new Map<string, Series>();
    for (const series of this.#all()) {
      const key = `${series.operation} ${series.surface}`;
      const sum = merged.get(key) ?? {
        ...series,
        count: 0,
        sumSeconds: 0,
        buckets: new Float64Array(bounds.length + 1),
      };
      sum.count += series.count;
      sum.sumSeconds += series.sumSeconds;
      for (const [index, count] of series.buckets.entries()) {
        sum.buckets[index]! += count;
      }
      merged.set(key, sum);
    }
    return [...merged.values()].flatMap(({ operation, surface, count, sumSeconds, buckets }) => {
      const labels = { operation, surface };
      const name = "parley_operation_duration_seconds";
      let below = 0;
      const samples: Sample[] = bounds.map((bound, index) => {
        below += buckets[index]!;
        return { value: below, labels: { ...labels, le: String(bound) }, metricName: `${name}_bucket` };
      });
      samples.push({ value: count, labels: { ...labels, le: "+Inf" }, metricName: `${name}_bucket` });
      samples.push({ value: sumSeconds, labels, metricName: `${name}_sum` });
      samples.push({ value: count, labels, metricName: `${name}_count` });
      return samples;
    });
  }
}

function metric(
  name: string,
  help: string,
  type: "counter" | "histogram",
  read: () => Sample[],
): ReadableMetric {
  return { name, help, type, get: async () => ({ name, help, type, values: read(), aggregator: "sum" }) };
}
