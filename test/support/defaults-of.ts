/** What a table of settings says when nobody says anything. */
import type { ConfigOf, SettingTable } from "../../src/config/setting.ts";

export function defaultsOf<Table extends SettingTable>(table: Table): ConfigOf<Table> {
  const values = Object.entries(table).map(([name, { fallback }]) => [name, fallback]);
  return Object.fromEntries(values) as ConfigOf<Table>;
}
