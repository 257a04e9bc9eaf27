import { placeOf } from "../config/setting.ts";
import type { securitySettings } from "./flags.ts";
import type { Loaded } from "./load-settings.ts";

type Security = ReturnType<typeof securitySettings>;

/** Whether traffic is encrypted is never a default: the user says --tls or --insecure. */
export function transportProblems({
  settings,
  problems,
}: Pick<Loaded<Security>, "settings" | "problems">): string[] {
  const { tls, insecure } = settings;
  if (tls.value && insecure.value) {
    return [`${placeOf(tls.origin)} and ${placeOf(insecure.origin)} exclude each other`];
  }
  const asksForTls = [tls, settings.tlsCert, settings.tlsKey, settings.tlsCa].some(
    ({ value }) => value !== false && value !== "",
  );
  // Another problem may be the very flag that should have chosen.
  if (insecure.value || asksForTls || problems.some((text) => /insecure|tls/.test(text))) return [];
  return [
    "choose how traffic travels: --insecure sends it unencrypted, for a network you trust; " +
      "--tls is the other choice, which this build does not do yet",
  ];
}
