/** Detection against captures of real programs with known flows. */
import { expect, test } from "bun:test";
import { scoreFolder } from "../../bench/detect-score.ts";
import { sharedCaptures } from "../../support/captures.ts";
import { capturesFolder } from "../../support/expected-flows.ts";

const shared = sharedCaptures();

/**
 * Flows that the truth names by their port, and that hold nothing to name them by: TCP without
 * payload, a fuzzed file's DNS and SIP packets with other bytes in place of the message, and RTP in
 * TCP (RFC 4571), where nobody looks for it.
 */
const nothingInside = 11;

test("every flow of our own captures has its label, and no other has one", () => {
  const { scores, mistakes } = scoreFolder(capturesFolder);
  expect(mistakes).toEqual([]);
  for (const [name, score] of scores) expect([name, score.flows > 0]).toEqual([name, true]);
});

test.skipIf(shared === undefined)(
  "../shared/captures: what can be recognised is, without a false label",
  () => {
    const { scores, mistakes } = scoreFolder(shared ?? "");
    const missed = mistakes.filter((mistake) => mistake.startsWith("missed"));
    expect(mistakes.filter((mistake) => !mistake.startsWith("missed"))).toEqual([]);
    expect(missed.length).toBeLessThanOrEqual(nothingInside);
    for (const name of ["HTTP", "PostgreSQL", "OpenVPN", "WireGuard", "IPSec"]) {
      expect([name, scores.get(name)?.found]).toEqual([name, scores.get(name)?.flows]);
    }
  },
);
