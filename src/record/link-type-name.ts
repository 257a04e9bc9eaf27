/** Names of link types in file names: those of libpcap in lower case with dashes. */
const names: ReadonlyMap<number, string> = new Map([
  [0, "null"],
  [1, "ethernet"],
  [6, "token-ring"],
  [9, "ppp"],
  [10, "fddi"],
  [50, "ppp-hdlc"],
  [51, "ppp-ether"],
  [101, "raw"],
  [104, "c-hdlc"],
  [105, "ieee802-11"],
  [107, "frame-relay"],
  [108, "loop"],
  [113, "linux-sll"],
  [119, "ieee802-11-prism"],
  [127, "ieee802-11-radio"],
  [141, "mtp2"],
  [143, "docsis"],
  [163, "ieee802-11-avs"],
  [187, "bluetooth-hci-h4"],
  [189, "usb-linux"],
  [192, "ppi"],
  [195, "ieee802-15-4-withfcs"],
  [201, "bluetooth-hci-h4-with-phdr"],
  [220, "usb-linux-mmapped"],
  [227, "can-socketcan"],
  [228, "ipv4"],
  [229, "ipv6"],
  [230, "ieee802-15-4-nofcs"],
  [239, "nflog"],
  [252, "wireshark-upper-pdu"],
  [253, "netlink"],
  [276, "linux-sll2"],
]);

export function linkTypeName(linkType: number): string {
  return names.get(linkType) ?? `linktype-${linkType}`;
}
