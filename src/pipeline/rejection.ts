/** Why a packet of a decodable batch is not accepted. 0 = accepted. */
export const rejection = {
  none: 0,
  captureLength: 1,
  tooLong: 2,
  linkType: 3,
} as const;

/** Indexed by rejection; what the ack's `error` says. */
export const rejectionTexts: readonly string[] = [
  "",
  "capture_length is not the length of data",
  "data is longer than 262144 bytes",
  "link_type is above 65535",
];
