/** The one-stream load over TLS 1.3 against the same without, in turns. */
import { rmSync } from "node:fs";
import { TlsFiles } from "../support/tls-node.ts";
import { bodyPath, job, print, start, stop, summary } from "./node.ts";

const pairs = 9;

type Run = Awaited<ReturnType<typeof job>>;

/** h2load is a client of TLS too, on the same cores: its part is told beside the node's. */
export async function overTls(): Promise<void> {
  const { paths } = new TlsFiles();
  const flags = ["--tls-cert", paths.certificate, "--tls-key", paths.key];
  const plain = await start(1, [], "plain");
  const secure = await start(1, flags, "tls");
  const without = () => job(plain.node);
  const withTls = () => job(secure.node, bodyPath, 1, "https");
  await without();
  await withTls();
  const rows: { without: Run; with: Run }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    rows.push({ without: await without(), with: await withTls() });
  }
  for (const { node, path } of [plain, secure]) {
    await stop(node);
    rmSync(path);
  }
  const ratios = (of: keyof Run) => summary(rows.map((row) => row.with[of] / row.without[of]));
  const both = (of: keyof Run) =>
    `${summary(rows.map((row) => row.with[of]))} s, without ${summary(rows.map((row) => row.without[of]))} s`;
  print(`one stream over TLS 1.3, detection and recording on, ${pairs} pairs`);
  print(`  time             ${both("seconds")}`);
  print(`  time / without   ${ratios("seconds")}      (at most 1.6)`);
  print(`  CPU of the node  ${both("cpu")}`);
  print(`  CPU / without    ${ratios("cpu")}`);
  print(`  CPU of h2load    ${both("clientCpu")}\n`);
}
