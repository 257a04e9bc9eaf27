import { expect, test } from "bun:test";
import { processorConfigOf } from "../../../src/cli/process-config.ts";
import { loadProcess } from "./load.ts";

/** A configuration file of an existing processor. */
const missionYaml = `processor:
  listen_addr: "0.0.0.0:50051"
  processor_id: "central-proc"
  upstream_addr: ""
  max_hunters: 100
  max_subscribers: 100
  write_file: "/var/capture/packets.pcap"
  enable_detection: true
  filter_file: "~/.config/lippycat/filters.yaml"
  tls:
    enabled: true
    cert_file: "/etc/lippycat/certs/server.crt"
    key_file: "/etc/lippycat/certs/server.key"
    ca_file: "/etc/lippycat/certs/ca.crt"
    client_auth: true
`;

test("the mission's YAML is understood, and every value arrives", () => {
  const { problems, warnings, home, ...loaded } = loadProcess({ yaml: missionYaml });
  expect(problems).toEqual([]);
  expect(warnings).toEqual([]);
  expect(processorConfigOf(loaded, "/elsewhere")).toMatchObject({
    listen: { host: "0.0.0.0", port: 50_051 },
    processorId: "central-proc",
    maxHunters: 100,
    maxSubscribers: 100,
    writeFile: "/var/capture/packets.pcap",
    filterFile: `${home}/.config/lippycat/filters.yaml`,
    enableDetection: true,
    workers: 3,
    tls: {
      certFile: "/etc/lippycat/certs/server.crt",
      keyFile: "/etc/lippycat/certs/server.key",
      caFile: "/etc/lippycat/certs/ca.crt",
      clientAuth: true,
      minVersion: "1.3",
    },
  });
});

test("the switched-off form of what is missing is fine", () => {
  const yaml = `insecure: true
processor:
  upstream_addr: ""
  filter_file:
  tls:
    enabled: false
    cert_file: ""
    client_auth: false
`;
  expect(loadProcess({ yaml }).problems).toEqual([]);
});

test("filters are in the home directory where no file is named, or in memory where there is none", () => {
  for (const yaml of ["insecure: true\n", 'insecure: true\nprocessor:\n  filter_file: ""\n']) {
    const { problems, ...loaded } = loadProcess({ yaml });
    expect(problems).toEqual([]);
    expect(processorConfigOf(loaded, "/home/eve").filterFile).toBe(
      "/home/eve/.config/lippycat/filters.yaml",
    );
    expect(processorConfigOf(loaded, "").filterFile).toBe("");
  }
});
