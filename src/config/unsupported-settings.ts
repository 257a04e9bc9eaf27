/** Flags and keys of other processors that Weir does not have. */
import type { UnsupportedName } from "./setting.ts";

const perCall = "Weir does not write a file per call";
const autoRotate =
  "Weir rotates its one capture: use --rotate-size, --rotate-interval and --rotate-files";
const virtualInterface = "Weir does not inject packets into interfaces";
const commands = "Weir does not run commands on events";
const tunnelling = "Weir does not look for DNS tunnels";

/** Flags and keys of today's processors that Weir does not have (docs/wire.md#flags). */
export const unsupportedByProcess: readonly UnsupportedName[] = [
  {
    flags: ["per-call-pcap", "per-call-pcap-dir", "per-call-pcap-pattern"],
    keys: ["processor.per_call_pcap"],
    reason: perCall,
  },
  {
    flags: [
      "auto-rotate-pcap",
      "auto-rotate-pcap-dir",
      "auto-rotate-pcap-pattern",
      "auto-rotate-idle-timeout",
      "auto-rotate-max-size",
    ],
    keys: ["processor.auto_rotate_pcap"],
    reason: autoRotate,
  },
  {
    flags: [
      "virtual-interface",
      "vif-name",
      "vif-type",
      "vif-buffer-size",
      "vif-netns",
      "vif-drop-privileges",
    ],
    short: "V",
    keys: [
      "processor.virtual_interface",
      "processor.vif_name",
      "processor.vif_type",
      "processor.vif_buffer_size",
      "processor.vif_netns",
      "processor.vif_drop_privileges",
    ],
    reason: virtualInterface,
  },
  {
    flags: [
      "pcap-command",
      "voip-command",
      "tunneling-command",
      "command-timeout",
      "command-concurrency",
    ],
    keys: [
      "processor.pcap_command",
      "processor.voip_command",
      "processor.tunneling_command",
      "processor.command_timeout",
      "processor.command_concurrency",
    ],
    reason: commands,
  },
  {
    flags: ["tunneling-threshold", "tunneling-debounce"],
    keys: ["processor.tunneling_threshold", "processor.tunneling_debounce"],
    reason: tunnelling,
  },
  {
    flags: ["tls-keylog-dir"],
    keys: ["processor.tls_keylog"],
    reason: "Weir does not keep TLS session keys",
  },
];
