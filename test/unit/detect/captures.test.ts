/** Detection against real captures with known flows (../shared/captures); skipped without them. */
import { expect, test } from "bun:test";
import { scoreFolder } from "../../bench/detect-score.ts";
import { sharedCaptures } from "../../support/captures.ts";

const folder = sharedCaptures();

/**
 * Flows that the truth names by their port, and that hold nothing to name them by: TCP without
 * payload, and a fuzzed file's DNS and SIP packets with other bytes in place of the message.
 */
const nothingInside = 10;

test.skipIf(folder === undefined)(
  "every flow with a recognisable message, and no false label",
  () => {
    const { scores, mistakes } = scoreFolder(folder ?? "");
    const missed = mistakes.filter((mistake) => mistake.startsWith("missed"));
    expect(mistakes.filter((mistake) => !mistake.startsWith("missed"))).toEqual([]);
    expect(missed.length).toBeLessThanOrEqual(nothingInside);
    for (const name of ["HTTP", "PostgreSQL", "OpenVPN", "WireGuard", "IPSec"]) {
      expect([name, scores.get(name)?.found]).toEqual([name, scores.get(name)?.flows]);
    }
  },
);
