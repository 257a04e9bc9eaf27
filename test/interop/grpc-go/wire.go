package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec passes messages through as bytes. It replaces the codec "proto", so that calls carry the
// content type that generated code gives them.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	bytes, ok := message.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", message)
	}
	return mem.BufferSlice{mem.SliceBuffer(bytes)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	target, ok := message.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive into a %T", message)
	}
	*target = data.Materialize()
	return nil
}

func init() { encoding.RegisterCodecV2(rawCodec{}) }

func appendText(to []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), text)
}

func appendBytes(to []byte, field protowire.Number, bytes []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), bytes)
}

func appendNumber(to []byte, field protowire.Number, number uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), number)
}

// registration is a HunterRegistration with the capabilities of a generic hunter.
func registration(id string, bufferBytes uint64) []byte {
	capabilities := appendText(nil, 1, "bpf")
	capabilities = appendText(capabilities, 1, "ip_address")
	capabilities = appendNumber(capabilities, 2, bufferBytes)
	message := appendText(nil, 1, id)
	message = appendText(message, 2, "192.0.2.7")
	message = appendText(message, 3, interfaceName)
	message = appendText(message, 4, "grpc-go-hunter")
	return appendBytes(message, 5, capabilities)
}

// heartbeat is a HunterHeartbeat: healthy, with counters, processor load unknown.
func heartbeat(id string, timeNs int64, forwarded uint64) []byte {
	stats := appendNumber(nil, 1, forwarded)
	stats = appendNumber(stats, 2, forwarded)
	stats = appendNumber(stats, 3, forwarded)
	stats = protowire.AppendFixed32(protowire.AppendTag(stats, 7, protowire.Fixed32Type), 0xbf800000)
	message := appendText(nil, 1, id)
	message = appendNumber(message, 2, uint64(timeNs))
	return appendBytes(message, 4, stats)
}

// fields collects the scalar and byte fields of one level of a message.
func fields(message []byte, visit func(protowire.Number, uint64, []byte)) error {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return protowire.ParseError(length)
		}
		message = message[length:]
		var varint uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			varint, length = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			bytes, length = protowire.ConsumeBytes(message)
		default:
			length = protowire.ConsumeFieldValue(number, kind, message)
		}
		if length < 0 {
			return protowire.ParseError(length)
		}
		message = message[length:]
		visit(number, varint, bytes)
	}
	return nil
}

const (
	interfaceName = "eth0"
	headerBytes   = 42
	markBytes     = 20
	magic         = 0x57454952
	firstTimeNs   = 1_700_000_000_000_000_000
)

// numberedPacket is the packet that test/support/numbered-packets.ts makes: Ethernet, IPv4, UDP, then
// magic, hunter number, packet number and the CRC-32 of those.
func numberedPacket(hunter uint32, number uint64, size int) []byte {
	data := make([]byte, max(size, headerBytes+markBytes))
	for index := range data {
		data[index] = 0x2e
	}
	header := make([]byte, headerBytes)
	copy(header, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45})
	copy(data, header)
	order := binary.BigEndian
	order.PutUint16(data[16:], uint16(len(data)-14))
	data[22], data[23] = 64, 17
	order.PutUint32(data[26:], 0x0a000000+hunter&0xffffff)
	order.PutUint32(data[30:], 0x0a800001)
	order.PutUint16(data[34:], uint16(20000+hunter%20000))
	order.PutUint16(data[36:], 9999)
	order.PutUint16(data[38:], uint16(len(data)-34))
	mark := data[headerBytes:]
	order.PutUint32(mark, magic)
	order.PutUint32(mark[4:], hunter)
	order.PutUint64(mark[8:], number)
	order.PutUint32(mark[16:], crc32.ChecksumIEEE(mark[:16]))
	return data
}

// batch grows packet by packet; bytes is what of it is encoded.
type batch struct {
	packets int
	bytes   []byte
}

// add appends a CapturedPacket with the fields that the existing hunters fill.
func (b *batch) add(hunter uint32, number uint64, size int) {
	data := numberedPacket(hunter, number, size)
	packet := appendBytes(nil, 1, data)
	packet = appendNumber(packet, 2, uint64(firstTimeNs+int64(number)*1000))
	packet = appendNumber(packet, 3, uint64(len(data)))
	packet = appendNumber(packet, 4, uint64(len(data)))
	packet = appendNumber(packet, 6, 1)
	if number%16 == 0 {
		// A VoIP hunter: metadata.sip with method and Call-ID, and nothing else of the metadata.
		sip := appendText(appendText(nil, 1, "INVITE"), 2, fmt.Sprintf("call-%d", number))
		packet = appendBytes(packet, 7, appendBytes(nil, 7, sip))
	}
	packet = appendText(packet, 8, interfaceName)
	packet = appendText(packet, 9, "filter-1")
	b.bytes = appendBytes(b.bytes, 4, packet)
	b.packets++
}

// message is the whole PacketBatch.
func (b *batch) message(id string, sequence uint64, total uint64) []byte {
	message := make([]byte, 0, len(b.bytes)+len(id)+64)
	message = appendText(message, 1, id)
	message = appendNumber(message, 2, sequence)
	message = appendNumber(message, 3, firstTimeNs+sequence)
	message = append(message, b.bytes...)
	stats := appendNumber(appendNumber(nil, 1, total), 2, total)
	return appendBytes(message, 5, stats)
}
