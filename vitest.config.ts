import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], testTimeout: number) => ({
  test: {
    name,
    include,
    testTimeout,
    hookTimeout: 60_000,
    environment: "node" as const,
    setupFiles: ["test/support/own-places.ts"],
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project(
        "unit",
        [
          "src/**/*.test.ts",
          "codegen/**/*.test.ts",
          "sdks/typescript/test/**/*.test.ts",
          "test/unit/**/*.test.ts",
          "scripts/**/*.test.ts",
        ],
        30_000,
      ),
      project("gates", ["test/gates/**/*.test.ts"], 120_000),
      project("vectors", ["test/conformance/**/*.test.ts"], 60_000),
      project("e2e", ["test/e2e/**/*.test.ts"], 60_000),
      project("faults", ["test/faults/**/*.test.ts"], 120_000),
    ],
  },
});
