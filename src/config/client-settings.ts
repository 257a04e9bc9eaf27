/** The rows that every command has that asks a node; the columns are those of setting.ts. */
import { dialSettings } from "./dial-settings.ts";
import { generalSettings } from "./general-settings.ts";
import { setting } from "./setting.ts";
import { dialKind, switchKind } from "./value-kinds.ts";

/** Section of the file and of the environment (docs/wire.md#command-line-client). */
export const clientSection = "remote";

export function clientSettings() {
  const { config } = generalSettings(clientSection);
  return { ...nodeSettings(), ...dialSettings(clientSection), config };
}

function nodeSettings() {
  return {
    json: setting({
      flag: "json",
      keys: [],
      kind: switchKind,
      fallback: false,
      fallbackText: "on unless stdout is a terminal",
      help: "Print JSON instead of a table",
      group: "Output",
    }),
    processor: setting({
      flag: "processor",
      short: "P",
      keys: [`${clientSection}.processor`],
      kind: dialKind,
      fallback: { host: "127.0.0.1", port: 50_051 },
      fallbackText: "127.0.0.1:50051",
      help: "Node to ask",
      group: "Node",
    }),
  };
}

export type ClientSettings = ReturnType<typeof clientSettings>;
