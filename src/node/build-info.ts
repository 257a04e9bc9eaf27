/** What this executable is; `weir --version` prints it. */
export interface BuildInfo {
  /** Version of package.json, or "source" when not compiled. */
  readonly version: string;
  /** Short commit id, with "-dirty" when the checkout had changes; "unknown" outside of git. */
  readonly commit: string;
  /** Which commands it holds; "source" when not compiled. */
  readonly variant: "processor" | "all" | "source";
  /** Version of Bun that it carries. */
  readonly bun: string;
}

// scripts/build-binary.ts gives these with --define; nobody defines them when run from source.
declare const WEIR_VERSION: string | undefined;
declare const WEIR_COMMIT: string | undefined;
declare const WEIR_VARIANT: "processor" | "all" | undefined;

export const buildInfo: BuildInfo = {
  version: typeof WEIR_VERSION === "string" ? WEIR_VERSION : "source",
  commit: typeof WEIR_COMMIT === "string" ? WEIR_COMMIT : "unknown",
  variant: typeof WEIR_VARIANT === "string" ? WEIR_VARIANT : "source",
  bun: Bun.version,
};
