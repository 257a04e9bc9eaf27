package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

const (
	streamPackets   = "/lippycat.data.DataService/StreamPackets"
	getStatus       = "/lippycat.management.ManagementService/GetHunterStatus"
	heartbeat       = "/lippycat.management.ManagementService/Heartbeat"
	healthCheck     = "/grpc.health.v1.Health/Check"
	registerHunters = "/lippycat.management.ManagementService/RegisterHunter"
)

// connection is HTTP/2 that the attack writes frame by frame; what comes is read and counted.
type connection struct {
	net.Conn
	framer   *http2.Framer
	writer   *bufio.Writer
	deadline time.Time
	next     uint32
	sent     int
	isClosed atomic.Bool
	closed   chan struct{}
	goAway   atomic.Int32
	reason   atomic.Value
	resets   atomic.Int32
	// What is done with data that comes, in a goroutine of its own; nothing when it is not set.
	onData func(stream uint32, length uint32) error
}

func dialRaw(s settings) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(s.from)}
	return dialer.Dial("tcp", s.address)
}

// dial has sent its preface and settings when it returns.
func dial(s settings, sends ...http2.Setting) (*connection, error) {
	raw, err := dialRaw(s)
	if err != nil {
		return nil, err
	}
	made := &connection{Conn: raw, deadline: time.Now().Add(s.lasts), next: 1, closed: make(chan struct{})}
	made.goAway.Store(-1)
	made.writer = bufio.NewWriterSize(raw, 64<<10)
	made.framer = http2.NewFramer(made.writer, raw)
	made.framer.AllowIllegalWrites = true
	made.framer.SetMaxReadFrameSize(1 << 24)
	if _, err = made.writer.WriteString(preface); err == nil {
		err = made.framer.WriteSettings(sends...)
	}
	if err == nil {
		err = made.flush()
	}
	go made.read()
	return made, err
}

func (c *connection) read() {
	defer close(c.closed)
	defer c.isClosed.Store(true)
	for {
		frame, err := c.framer.ReadFrame()
		var streamError http2.StreamError
		if errors.As(err, &streamError) {
			continue
		}
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			c.goAway.Store(int32(frame.ErrCode))
			c.reason.Store(string(frame.DebugData()))
		case *http2.DataFrame:
			if c.onData != nil && c.onData(frame.StreamID, frame.Length) != nil {
				return
			}
		case *http2.RSTStreamFrame:
			c.resets.Add(1)
		}
	}
}

func (c *connection) flush() error {
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	return c.writer.Flush()
}

// headers opens a call, or sends its trailers too.
func (c *connection) headers(path string, endStream bool, endHeaders bool) (uint32, error) {
	id := c.next
	c.next += 2
	return id, c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: block(path), EndStream: endStream, EndHeaders: endHeaders,
	})
}

func block(path string) []byte {
	var text bytes.Buffer
	encoder := hpack.NewEncoder(&text)
	for _, field := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "weir"},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		// A write into a buffer cannot fail.
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return text.Bytes()
}

// flood calls send until the processor closes the connection or the time is over. A processor that
// does not read on for a second has contained the attack as well, and is given more time.
func (c *connection) flood(send func() error) error {
	for time.Now().Before(c.deadline) && !c.isClosed.Load() {
		for range 64 {
			if err := send(); err != nil {
				return c.settle(err)
			}
			c.sent++
		}
		if err := c.flush(); err != nil {
			return c.settle(err)
		}
	}
	return nil
}

// settle waits for the end that a failed write may announce.
func (c *connection) settle(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		<-time.After(time.Until(c.deadline))
	}
	select {
	case <-c.closed:
	case <-time.After(time.Second):
	}
	return nil
}

// onOne makes an attack of what is done on one connection.
func onOne(attack func(*connection) error) func(settings, *result) error {
	return func(s settings, r *result) error {
		c, err := dial(s)
		if err != nil {
			return err
		}
		defer c.Close()
		err = attack(c)
		// What the processor does about it may come a moment later.
		select {
		case <-c.closed:
		case <-time.After(time.Until(c.deadline)):
		}
		r.Sent, r.Closed = c.sent, c.isClosed.Load()
		r.Reason, _ = c.reason.Load().(string)
		r.GoAway, r.Resets = int(c.goAway.Load()), int(c.resets.Load())
		return err
	}
}
