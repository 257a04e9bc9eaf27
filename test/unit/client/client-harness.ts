import { WeirError } from "../../../src/base/errors.ts";
import type { Answer } from "../../../src/client/answer.ts";
import { connectNode, type NodeClient } from "../../../src/client/connect.ts";
import { jsonText } from "../../../src/client/json-text.ts";
import { createDialer, type Dialer } from "../../../src/dial/dialer.ts";
import { FakeNode } from "../../support/fake-node.ts";

/** A fake node and a client that is connected to it. */
export interface Asked {
  readonly fake: FakeNode;
  readonly node: NodeClient;
  close(): void;
}

export async function startAsked(): Promise<Asked> {
  const fake = await FakeNode.start();
  const node = connectNode(await dialPlain(fake.port));
  const close = (): void => {
    node.close();
    fake.stop();
  };
  return { fake, node, close };
}

/** To a node of this machine, without TLS. */
export function dialPlain(port: number): Promise<Dialer> {
  return createDialer({ host: "127.0.0.1", port }, { tls: undefined, apiKeyFile: "" });
}

/** What a program reads. */
export function parsed(answer: Answer): unknown {
  return JSON.parse(jsonText(answer.json));
}

/** What a person reads on a terminal of 80 columns. */
export function text(answer: Answer): string {
  return answer.lines({ columns: 80, colours: false }).join("\n");
}

/** The failure of a question, with NODE for the address. */
export async function failureOf(
  answer: Promise<Answer>,
  { address }: FakeNode,
): Promise<{ code: string; message: string }> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WeirError)) throw new Error(`no failure: ${String(error)}`);
  return { code: error.code, message: error.message.replaceAll(address, "NODE") };
}
