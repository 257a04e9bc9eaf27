/**
 * Compares our HTTP/2 with that of Node: the same bytes of a client go to both as servers, and each must see
 * of every stream what was sent, and answer it whole.
 */
import { join } from "node:path";
import { encodeHeaders, type HeaderPairs } from "../../src/http2/header-encoder.ts";
import type { RequestHead } from "../../src/http2/header-list.ts";
import type { Http2Stream } from "../../src/http2/http2-stream.ts";
import { Http2Peer } from "../support/http2-peer.ts";
import { JsonProgram } from "../support/json-program.ts";
import { check, type Fuzzer, type Random, runAsyncRounds } from "./fuzzer.ts";
import { ServerReader } from "./http2-server-reader.ts";
import { type Piece, randomTraffic, type SentStream } from "./http2-traffic.ts";

export const http2DifferentialFuzzer: Fuzzer = {
  name: "http2-differential",
  async run(seed, rounds) {
    const node = new JsonProgram(["node", join(import.meta.dir, "http2-node-server.mjs")]);
    try {
      const port = Number((await node.next())["port"]);
      await runAsyncRounds("http2-differential", seed, rounds, async (random, keep) => {
        const { pieces, streams } = randomTraffic(random);
        keep(Buffer.concat(pieces.map(({ bytes }) => bytes)));
        compare("ours", streams, oursSees(pieces, random));
        const answers = await sendToNode(port, pieces, streams, random);
        compare("Node", streams, { ...seenByNode(await node.next()), answers });
      });
    } finally {
      node.kill();
    }
  },
};

/** What a server saw of one stream. */
interface Seen {
  head: HeaderPairs;
  body: Buffer;
  trailers: HeaderPairs | undefined;
  ended: boolean;
  /** Code of its reset. */
  reset: number | undefined;
}

interface Outcome {
  readonly streams: ReadonlyMap<number, Seen>;
  readonly answers: ServerReader;
  readonly faults: readonly string[];
}

function compare(who: string, sent: readonly SentStream[], { streams, answers, faults }: Outcome) {
  check(faults.length === 0, `${who}: ${faults.join()}`);
  check(answers.fault === "", `${who}: ${answers.fault}`);
  check(streams.size === sent.length, `${who} saw ${streams.size} of ${sent.length} streams`);
  for (const stream of sent) {
    const { id, state } = stream;
    const what = `${who}, stream ${id} (${state})`;
    const seen = streams.get(id) as Seen;
    same(`${what}: head`, shownHead(seen.head), shownHead(stream.head));
    // A server of Node may forget what came shortly before the reset.
    const isLossy = who === "Node" && state.startsWith("reset");
    const wanted = isLossy ? stream.body.subarray(0, seen.body.length) : stream.body;
    check(seen.body.equals(wanted), `${what}: ${seen.body.length} bytes of another body`);
    if (state === "open") check(!seen.ended && !answers.hasHead(id), `${what}: ended or answered`);
    if (state === "reset") {
      same(`${what}: code`, seen.reset, stream.resetCode);
      check(!seen.ended && !answers.hasHead(id), `${what}: ended or answered`);
    }
    if (state !== "finished") continue;
    same(`${what}: trailers`, seen.trailers, stream.trailers);
    check(seen.ended && seen.reset === undefined, `${what}: not ended in good order`);
    same(`${what}: answer`, answers.shown(id), `200 yes ${stream.answerBytes} done end`);
  }
}

function same(what: string, found: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  check(left === right, `${what}: ${left}, not ${right}`);
}

/** Pseudo-headers and the rest, each in its order. */
function shownHead(fields: HeaderPairs): HeaderPairs[] {
  const isPseudo = ([name]: readonly [string, string]) => name.startsWith(":");
  return [fields.filter(isPseudo).sort(), fields.filter((field) => !isPseudo(field))];
}

function oursSees(pieces: readonly Piece[], random: Random): Outcome {
  const streams = new Map<number, Seen>();
  const peer = new Http2Peer({ serve: (stream, head) => watched(stream, head, streams) });
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
  const most = random.pick([50, 1000, 100_000]);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(most));
    peer.connection.receive(bytes.subarray(at, end));
    at = end;
  }
  const answers = new ServerReader();
  answers.read(peer.bytes());
  const faults = peer.faults.map(({ reason }) => reason);
  return { streams, answers, faults: answers.hasLastPong ? faults : [...faults, "no last pong"] };
}

/** Answers as http2-node-server.mjs does. */
function watched(stream: Http2Stream, head: RequestHead, streams: Map<number, Seen>) {
  const { method, scheme, path, authority, fields } = head;
  const pseudo = { ":method": method, ":scheme": scheme, ":path": path, ":authority": authority };
  const seen: Seen = {
    head: [...Object.entries(pseudo), ...fields],
    body: Buffer.alloc(0),
    trailers: undefined,
    ended: false,
    reset: undefined,
  };
  streams.set(stream.id, seen);
  const size = Number(fields.find(([name]) => name === "x-answer-bytes")?.[1]);
  return {
    onData: (bytes: Buffer, start: number, end: number) => {
      seen.body = Buffer.concat([seen.body, bytes.subarray(start, end)]);
      stream.done(end - start);
    },
    onTrailers: (trailers: HeaderPairs) => {
      seen.trailers = trailers;
    },
    onEnd: () => {
      seen.ended = true;
      const block = encodeHeaders([
        [":status", "200"],
        ["x-answer", "yes"],
      ]);
      stream.sendHeaders(block);
      stream.send(Buffer.alloc(size, stream.id));
      stream.end(encodeHeaders([["x-trailer", "done"]]));
    },
    onClose: (code: number | undefined) => {
      seen.reset = code;
    },
  };
}

/** Sends no more than the windows take, and leaves when all answers have come. */
async function sendToNode(
  port: number,
  pieces: readonly Piece[],
  sent: readonly SentStream[],
  random: Random,
): Promise<ServerReader> {
  const answers = new ServerReader();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (opened) => {
        opened.setNoDelay(true);
      },
      data: (_, bytes) => answers.read(bytes),
      close: () => answers.lost(),
      drain: () => answers.wake(),
    },
  });
  const write = async (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) {
      const count = socket.write(bytes.subarray(at));
      at += count;
      if (count === 0) await answers.change();
    }
  };
  const most = random.pick([1, 5, 100]);
  let together: Buffer[] = [];
  for (const { bytes, streamId, flowBytes } of pieces) {
    if (!answers.hasRoom(streamId, flowBytes) || together.length >= most) {
      await write(Buffer.concat(together));
      together = [];
      await answers.until(() => answers.hasRoom(streamId, flowBytes));
    }
    answers.spend(streamId, flowBytes);
    together.push(bytes);
  }
  await write(Buffer.concat(together));
  const finished = sent.filter(({ state }) => state === "finished");
  await answers.until(() => answers.hasLastPong && finished.every(({ id }) => answers.hasEnd(id)));
  socket.end();
  return answers;
}

interface NodeLine {
  readonly streams: Record<
    string,
    {
      readonly head: [string, string][];
      readonly body: string;
      readonly trailers: [string, string][] | null;
      readonly ended: boolean;
      readonly reset: number | null;
    }
  >;
  readonly faults: string[];
}

function seenByNode(line: object): Omit<Outcome, "answers"> {
  const { streams, faults } = line as NodeLine;
  const seen = Object.entries(streams).map(([id, stream]): [number, Seen] => [
    Number(id),
    {
      ...stream,
      body: Buffer.from(stream.body, "base64"),
      trailers: stream.trailers ?? undefined,
      reset: stream.reset ?? undefined,
    },
  ]);
  return { streams: new Map(seen), faults };
}
