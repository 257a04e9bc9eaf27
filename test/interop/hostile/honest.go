package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http2"
)

// No attacks: clients that work hard and must not be taken for one.

const (
	subscribePackets = "/lippycat.data.DataService/SubscribePackets"
	viewsAtOnce      = 128
	viewsCancelled   = 500
	bytesPerUpdate   = 4 << 10
)

// cancelledViews has 128 live views on one connection, and cancels 500 of them in a second: each is
// followed by another.
func cancelledViews(c *connection) error {
	var open []uint32
	every := time.NewTicker(time.Second / viewsCancelled)
	defer every.Stop()
	for c.sent < viewsCancelled {
		for len(open) < viewsAtOnce {
			id, err := c.headers(subscribePackets, false, true)
			if err == nil {
				err = c.framer.WriteData(id, true, make([]byte, 5))
			}
			if err != nil {
				return err
			}
			open = append(open, id)
		}
		if err := c.framer.WriteRSTStream(open[0], http2.ErrCodeCancel); err != nil {
			return err
		}
		open = open[1:]
		c.sent++
		if err := c.flush(); err != nil {
			return err
		}
		<-every.C
	}
	return nil
}

// fastView watches what a hunter sends at full speed, and gives back the windows of the connection and of
// the stream in pieces of 4 KiB, the smallest of Go's net/http.
func fastView(c *connection) error {
	c.onData = func(stream uint32, length uint32) error {
		c.sent += int(length)
		for rest := length; rest > 0; {
			part := min(rest, bytesPerUpdate)
			rest -= part
			if err := c.framer.WriteWindowUpdate(0, part); err != nil {
				return err
			}
			if err := c.framer.WriteWindowUpdate(stream, part); err != nil {
				return err
			}
		}
		return c.flush()
	}
	id, err := c.headers(subscribePackets, false, true)
	if err == nil {
		err = c.framer.WriteWindowUpdate(0, 1<<20)
	}
	if err == nil {
		err = c.framer.WriteWindowUpdate(id, 1<<20)
	}
	if err == nil {
		err = c.framer.WriteData(id, true, make([]byte, 5))
	}
	if err == nil {
		err = c.flush()
	}
	if err != nil {
		return err
	}
	return hunt(c.RemoteAddr().String(), c.deadline)
}

// hunt sends one batch of 64 full packets again and again until then.
func hunt(address string, until time.Time) error {
	transport := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, _ string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	batch := field(1, []byte("fast"))
	for range 64 {
		packet := field(1, bytes.Repeat([]byte("."), 1400))
		// Captured and original length.
		batch = append(batch, field(4, append(packet, 0x18, 0xf8, 0x0a, 0x20, 0xf8, 0x0a, 0x30, 0x01))...)
	}
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	body := &endless{bytes: framed(batch), until: until}
	request, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+streamPackets, body)
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/grpc")
	request.Header.Set("te", "trailers")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return nil
}

// endless is a body that begins anew until its time is over.
type endless struct {
	bytes []byte
	at    int
	until time.Time
}

func (e *endless) Read(into []byte) (int, error) {
	if e.at == 0 && time.Now().After(e.until) {
		return 0, io.EOF
	}
	count := copy(into, e.bytes[e.at:])
	e.at = (e.at + count) % len(e.bytes)
	return count, nil
}
