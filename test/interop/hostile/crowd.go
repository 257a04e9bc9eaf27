package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/net/http2"
)

// idleConnections makes as many as it was told, each with one health check that is answered, and keeps
// them without a word until stdin ends.
func idleConnections(s settings, r *result) error {
	type made struct {
		c   net.Conn
		err error
	}
	slots := make(chan struct{}, 64)
	results := make(chan made, s.count)
	open := make([]net.Conn, 0, s.count)
	for range s.count {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			c, err := answeredOnce(s)
			results <- made{c, err}
		}()
	}
	for range s.count {
		one := <-results
		if one.err != nil {
			return one.err
		}
		open = append(open, one.c)
	}
	r.Sent = len(open)
	fmt.Println("{}")
	_, err := io.Copy(io.Discard, os.Stdin)
	for _, c := range open {
		c.Close()
	}
	return err
}

// answeredOnce keeps its connection open, and returns when its call has ended.
func answeredOnce(s settings) (net.Conn, error) {
	raw, err := dialRaw(s)
	if err != nil {
		return nil, err
	}
	if _, err = raw.Write([]byte(preface)); err != nil {
		return nil, err
	}
	framer := http2.NewFramer(raw, raw)
	if err = framer.WriteSettings(); err != nil {
		return nil, err
	}
	head := http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(healthCheck), EndHeaders: true}
	if err = framer.WriteHeaders(head); err != nil {
		return nil, err
	}
	if err = framer.WriteData(1, true, make([]byte, 5)); err != nil {
		return nil, err
	}
	_ = raw.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		if head, ok := frame.(*http2.HeadersFrame); ok && head.StreamEnded() {
			return raw, nil
		}
	}
}
