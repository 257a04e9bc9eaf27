/** The text of --version. */
import { buildInfo } from "../node/build-info.ts";

/** `weir 0.1.0 (commit 0123abc, variant all, Bun 1.4.5)` */
export function versionText(): string {
  const { version, commit, variant, bun } = buildInfo;
  return `weir ${version} (commit ${commit}, variant ${variant}, Bun ${bun})`;
}
