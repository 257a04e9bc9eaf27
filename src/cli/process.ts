/** `weir process` */
import { homedir } from "node:os";
import { processorSettings } from "../config/processor-settings.ts";
import { type Command, command } from "./command.ts";
import { processExitCodes } from "./exit-codes.ts";
import type { CommandHelp } from "./help.ts";
import { loadProcessSettings, processorConfigOf } from "./process-config.ts";
import { runCommandLine } from "./run-command.ts";

export const processHelp: CommandHelp = {
  name: "process",
  summary: "Receive packets from hunters over gRPC, detect their protocols and record them.",
  usage: "weir process --tls-cert FILE --tls-key FILE | --insecure [flags]",
  section: "processor",
  exitCodes: processExitCodes,
  examples: [
    ["weir process --insecure -w all.pcapng", "receive on port 50051 and record"],
    [
      "weir process --insecure -w all.pcapng --rotate-size 1G --rotate-files 20",
      "keep the last 20 files of 1 GiB",
    ],
    [
      "weir process --insecure -l 127.0.0.1:50051 --no-enable-detection",
      "listen on this machine only, without protocol detection",
    ],
    [
      "weir process --tls-cert node.pem --tls-key node.key --tls-ca ca.pem --tls-client-auth",
      "use TLS, and accept only clients with a certificate from the CA ca.pem",
    ],
    ["weir process --config node.yaml --log-format json", "run as a service"],
  ],
};

const table = processorSettings();

export const processCommand: Command = command(processHelp, table, (words) =>
  runCommandLine(
    {
      help: processHelp,
      table,
      load: loadProcessSettings,
      configOf: (loaded) => processorConfigOf(loaded, homedir()),
      run: async (config) => {
        const { runProcessor } = await import("../node/processor.ts");
        return runProcessor(config);
      },
    },
    words,
  ),
);
