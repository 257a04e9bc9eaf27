/** Writes an entry of the metadata's `details`. */
import type { FieldWriter } from "./field-writer.ts";
import { type DetailKey, type GivenMetadata, metadataField } from "./given-metadata.ts";

/** Writes one entry of `details`; an empty one, and one whose key the hunter gave, is left out. */
export function writeDetail(
  writer: FieldWriter,
  given: GivenMetadata,
  key: DetailKey,
  value: string,
): void {
  if (value === "" || given.detailKeys.has(key)) return;
  const mark = writer.begin(metadataField.details);
  writer.text(1, key);
  writer.text(2, value);
  writer.end(mark);
}
