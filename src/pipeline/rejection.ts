/** Why a packet of a decodable batch is not accepted. 0 = accepted. */
export const rejection = {
  none: 0,
  captureLength: 1,
  tooLong: 2,
  linkType: 3,
  shortHeader: 4,
  foreignHeader: 5,
  tooManyLinkTypes: 6,
} as const;

/** Indexed by rejection; what the ack's `error` says. */
export const rejectionTexts: readonly string[] = [
  "",
  "capture_length is not the length of data",
  "data is longer than 262144 bytes",
  "link_type is above 65535",
  "data is shorter than the header of its link type",
  "data does not begin with the header of its link type",
  "the node takes no more than 64 link types",
];
