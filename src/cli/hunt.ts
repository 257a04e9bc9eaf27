/** `weir hunt` */
import { huntSettings } from "../config/hunt-settings.ts";
import { buildInfo } from "../node/build-info.ts";
import { type Command, command } from "./command.ts";
import { huntExitCodes } from "./exit-codes.ts";
import type { CommandHelp } from "./help.ts";
import { huntConfigOf, loadHuntSettings } from "./hunt-config.ts";
import { runCommandLine } from "./run-command.ts";

export const huntHelp: CommandHelp = {
  name: "hunt",
  summary: "Send the packets of a capture, or of a running tcpdump, to a node.",
  usage: "weir hunt {--tls|--insecure} --read FILE [flags]",
  section: "hunter",
  exitCodes: huntExitCodes,
  examples: [
    ["weir hunt --insecure --read calls.pcapng", "send a file to the node on this machine"],
    [
      "weir hunt --tls-ca ca.pem --tls-cert edge.pem --tls-key edge.key -r calls.pcapng -P node.example:50051",
      "send over TLS, with a client certificate",
    ],
    [
      "tcpdump -i eth0 -U -w - | weir hunt --insecure --read - -P 10.0.0.5:50051 --interface eth0",
      "send live traffic",
    ],
    [
      "weir hunt --insecure --read web.pcap --loop 0 --rate 5000",
      "generate load: 5,000 packets per second",
    ],
  ],
};

const table = huntSettings();

export const huntCommand: Command = command(huntHelp, table, (words) =>
  runCommandLine(
    {
      help: huntHelp,
      table,
      load: loadHuntSettings,
      configOf: ({ settings }) => huntConfigOf(settings),
      run: async (config) => {
        const { runHunt } = await import("../hunt/hunter.ts");
        const { processHost } = await import("../hunt/host.ts");
        return runHunt(config, processHost(buildInfo.version));
      },
    },
    words,
  ),
);
