/**
 * One hunter in a process of its own, which a test may stop or cut off: it registers, subscribes to
 * filters, beats and has one batch acknowledged, says `ready` on stdout, and then is quiet.
 *
 *     bun lone-hunter.ts <address> <id>
 */
import { writeSync } from "node:fs";
import { ManagedHunter } from "./managed-hunter.ts";

const [address = "", id = ""] = process.argv.slice(2);
const hunter = await ManagedHunter.start(address, id);
await hunter.beat();
await hunter.capture(8);
writeSync(1, "ready\n");
