/** Messages that no honest client sends, made from the descriptor of what an RPC takes. */
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { concat } from "./packets.ts";

export interface HostileMessage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** No protobuf decoder takes it for a message of its kind. */
  readonly isUndecodable: boolean;
}

const notUtf8 = Uint8Array.from([0x61, 0xc3, 0x28, 0xff]);
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const group = 3;
const groupEnd = 4;
const fixed32 = 5;

/** What is wrong with any message, whatever its fields. */
const anyMessage: readonly HostileMessage[] = [
  bad("a wire type that is none", [0x0f, 0x01]),
  bad("a tag without an end", [0xff]),
  bad("a tag of field 0", [0x00, 0x00]),
  bad("a varint of eleven bytes", [...tag(1000, varint), ...Array<number>(11).fill(0xff)]),
  bad("a length of 2^31", [...tag(1000, delimited), 0x80, 0x80, 0x80, 0x80, 0x08]),
  bad("a length of 2^32 - 1", [...tag(1000, delimited), 0xff, 0xff, 0xff, 0xff, 0x0f]),
  bad("a length beyond the end", [...tag(1000, delimited), 5, 1, 2]),
  bad("a number cut off", [...tag(1000, fixed64), 1, 2, 3]),
  bad("a group that nobody closes", [...tag(1000, group)]),
  bad("100,000 groups in each other that nobody closes", repeated(100_000, tag(1000, group))),
  odd("a group's end without a group", tag(1000, groupEnd)),
  odd(
    "20,000 groups in each other",
    concat(repeated(20_000, tag(1000, group)), repeated(20_000, tag(1000, groupEnd))),
  ),
  // protobuf-es takes 32 bits of a length.
  odd("a length of 2^63", [...tag(1000, delimited), ...Array<number>(9).fill(0x80), 0x01]),
  odd("nothing", []),
  odd("a megabyte of an unknown field", lengthDelimited(1000, new Uint8Array(1024 * 1024))),
  odd("100,000 unknown fields", repeated(100_000, [...tag(1000, varint), 1])),
];

/** Every kind of them; the same each time. */
export function hostileMessages(desc: DescMessage): HostileMessage[] {
  return [...anyMessage, ...desc.fields.flatMap((field) => ofField(field))];
}

function ofField(field: DescField): HostileMessage[] {
  const { name, number } = field;
  const made = [0, 1, 2, 3, 5].map((type) =>
    odd(`${name} as wire type ${type}`, [...tag(number, type), 1, 0, 0, 0, 0, 0, 0, 0]),
  );
  made.push(
    odd(`10,000 times ${name}, empty`, repeated(10_000, lengthDelimited(number, noBytes))),
    bad(`${name}, cut off`, [...tag(number, delimited), 9, 0x0a]),
  );
  if (isText(field)) {
    made.push(
      bad(`${name} that is not UTF-8`, lengthDelimited(number, notUtf8)),
      odd(`${name} of a megabyte`, lengthDelimited(number, letters(1024 * 1024))),
      odd(`${name} with controls`, lengthDelimited(number, Uint8Array.from([0, 10, 0x1b, 0x7f]))),
      odd(`${name} of one letter`, lengthDelimited(number, letters(1))),
    );
  }
  if (field.message !== undefined) {
    made.push(
      odd(`${name} without fields`, lengthDelimited(number, noBytes)),
      bad(`${name} that is no message`, lengthDelimited(number, Uint8Array.from([0x0f, 0x01]))),
      odd(`${name} 2,000 deep`, nested(number, 2000)),
    );
    // Of a message inside of it, what is wrong with its own fields, but no deeper: they may recur.
    for (const inner of field.message.fields.filter(isText)) {
      const inside = lengthDelimited(inner.number, notUtf8);
      made.push(bad(`${name}.${inner.name} that is not UTF-8`, lengthDelimited(number, inside)));
    }
  } else if (!isText(field)) {
    made.push(
      odd(`${name} of 2^64 - 1`, [...tag(number, varint), ...Array<number>(9).fill(0xff), 1]),
      odd(`${name} of NaN`, [...tag(number, fixed32), 0xff, 0xff, 0xff, 0xff]),
    );
  }
  return made;
}

function isText(field: DescField): boolean {
  const { scalar } = field as { readonly scalar?: number };
  // ScalarType.STRING; a map's key or value is looked at as an entry, which is a message on the wire.
  return scalar === 9 && field.fieldKind !== "map";
}

const noBytes = new Uint8Array(0);

function bad(name: string, bytes: ArrayLike<number>): HostileMessage {
  return { name, bytes: Uint8Array.from(bytes), isUndecodable: true };
}

function odd(name: string, bytes: ArrayLike<number>): HostileMessage {
  return { name, bytes: Uint8Array.from(bytes), isUndecodable: false };
}

function letters(count: number): Uint8Array {
  return new Uint8Array(count).fill(0x78);
}

function repeated(count: number, part: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(count * part.length);
  for (let at = 0; at < bytes.length; at += part.length) bytes.set(part, at);
  return bytes;
}

/** The field in itself, so many times. */
function nested(number: number, depth: number): Uint8Array {
  let bytes: Uint8Array = noBytes;
  for (let level = 0; level < depth; level++) bytes = lengthDelimited(number, bytes);
  return bytes;
}

function lengthDelimited(number: number, content: Uint8Array): Uint8Array {
  return concat(tag(number, delimited), unsigned(content.length), content);
}

function tag(number: number, type: number): number[] {
  return unsigned(number * 8 + type);
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
