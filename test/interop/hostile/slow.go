package main

import (
	"bytes"
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
)

const dripInterval = 200 * time.Millisecond

// drip sends byte by byte until the processor closes the connection or the time is over.
func drip(to net.Conn, content []byte, until time.Time) int {
	for sent, value := range content {
		if time.Now().After(until) {
			return sent
		}
		if _, err := to.Write([]byte{value}); err != nil {
			return sent
		}
		time.Sleep(dripInterval)
	}
	return len(content)
}

// waitClosed is true when the processor closes a connection that is only read, within the time.
func waitClosed(from net.Conn, until time.Time) bool {
	_ = from.SetReadDeadline(until)
	_, err := io.Copy(io.Discard, from)
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

func slowPreface(s settings, r *result) error {
	raw, err := dialRaw(s)
	if err != nil {
		return err
	}
	defer raw.Close()
	until := time.Now().Add(s.lasts)
	go drip(raw, bytes.Repeat([]byte(preface), 100), until)
	r.Sent, r.Closed = 1, waitClosed(raw, until)
	return nil
}

// slowHeaders: the frame is announced and never whole.
func slowHeaders(c *connection) error {
	var frame bytes.Buffer
	framer := http2.NewFramer(&frame, nil)
	param := http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(streamPackets), EndHeaders: true}
	if err := framer.WriteHeaders(param); err != nil {
		return err
	}
	c.sent = drip(c.Conn, frame.Bytes()[:frame.Len()-1], c.deadline)
	return nil
}

// slowBody: the one message of a call comes a byte at a time. The call is ended, not the connection.
func slowBody(c *connection) error {
	id, err := c.headers(getStatus, false, true)
	if err == nil {
		err = c.framer.WriteData(id, false, []byte{0, 0, 0, 100, 0})
	}
	for err == nil && c.resets.Load() == 0 && time.Now().Before(c.deadline) {
		if err = c.flush(); err == nil {
			time.Sleep(dripInterval)
			err = c.framer.WriteData(id, false, []byte{0})
			c.sent++
		}
	}
	return err
}

// silent connections have done their part of the greeting and say nothing more; every second one has
// not even done that.
func silent(s settings, r *result) error {
	var open []net.Conn
	for index := range s.count {
		raw, err := dialRaw(s)
		if err != nil {
			return err
		}
		defer raw.Close()
		if index%2 == 0 {
			_, _ = raw.Write(append([]byte(preface), 0, 0, 0, 4, 0, 0, 0, 0, 0))
		}
		open = append(open, raw)
	}
	r.Sent = len(open)
	r.Refused = countClosed(open, time.Now().Add(s.lasts))
	r.Closed = r.Refused == r.Sent
	return nil
}

func countClosed(open []net.Conn, until time.Time) int {
	closed := make(chan bool, len(open))
	for _, raw := range open {
		go func() { closed <- waitClosed(raw, until) }()
	}
	count := 0
	for range open {
		if <-closed {
			count++
		}
	}
	return count
}
