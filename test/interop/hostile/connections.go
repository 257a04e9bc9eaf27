package main

import (
	"bytes"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// many runs one short attack after the other, eight at a time, until the time is over. Each must be
// closed by the processor.
func many(s settings, r *result, attack func(net.Conn, *rand.Rand) error) error {
	until := time.Now().Add(s.lasts)
	var lock sync.Mutex
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Add(1)
		random := rand.New(rand.NewPCG(uint64(worker), 7))
		go func() {
			defer workers.Done()
			for time.Now().Before(until) {
				raw, err := dialRaw(s)
				if err != nil {
					continue
				}
				_ = raw.SetWriteDeadline(time.Now().Add(time.Second))
				_ = attack(raw, random)
				isClosed := waitClosed(raw, time.Now().Add(12*time.Second))
				raw.Close()
				lock.Lock()
				r.Sent++
				if isClosed {
					r.Refused++
				}
				lock.Unlock()
			}
		}()
	}
	workers.Wait()
	r.Closed = r.Sent > 0 && r.Refused == r.Sent
	return nil
}

func noise(random *rand.Rand, length int) []byte {
	bytes := make([]byte, length)
	for index := range bytes {
		bytes[index] = byte(random.Uint32())
	}
	return bytes
}

func randomBytes(s settings, r *result) error {
	return many(s, r, func(raw net.Conn, random *rand.Rand) error {
		_, err := raw.Write(noise(random, 1+random.IntN(4096)))
		return err
	})
}

func http1(s settings, r *result) error {
	return many(s, r, func(raw net.Conn, _ *rand.Rand) error {
		_, err := raw.Write([]byte("POST / HTTP/1.1\r\nHost: weir\r\nContent-Length: 5\r\n\r\nhello"))
		return err
	})
}

// randomFrames: a good greeting, then frames of every type, known or not, with random flags, streams
// and payloads.
func randomFrames(s settings, r *result) error {
	return many(s, r, func(raw net.Conn, random *rand.Rand) error {
		if _, err := raw.Write([]byte(preface)); err != nil {
			return err
		}
		framer := http2.NewFramer(raw, nil)
		framer.AllowIllegalWrites = true
		if err := framer.WriteSettings(); err != nil {
			return err
		}
		for range 64 {
			kind, flags := http2.FrameType(random.IntN(12)), http2.Flags(random.Uint32())
			stream := uint32(random.IntN(8))
			if err := framer.WriteRawFrame(kind, flags, stream, noise(random, random.IntN(64))); err != nil {
				return err
			}
		}
		return nil
	})
}

// manyConnections makes as many as it was told, each with one answered call, and keeps them.
func manyConnections(s settings, r *result) error {
	type made struct {
		c   *connection
		err error
	}
	results := make(chan made, s.count)
	slots := make(chan struct{}, 64)
	for range s.count {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c, err := dial(s)
			if err == nil {
				_, err = c.headers(healthCheck, false, true)
			}
			if err == nil {
				err = c.framer.WriteData(1, true, []byte{0, 0, 0, 0, 0})
			}
			if err == nil {
				err = c.flush()
			}
			results <- made{c, err}
		}()
	}
	var open []*connection
	for range s.count {
		one := <-results
		r.Sent++
		if one.c != nil {
			defer one.c.Close()
			open = append(open, one.c)
		} else {
			r.Error = one.err.Error()
		}
	}
	time.Sleep(s.lasts)
	for _, c := range open {
		if c.isClosed.Load() {
			r.Refused++
		}
	}
	r.Closed = r.Refused == r.Sent
	return nil
}

// reconnects: connections that are reset as soon as they are there, as a storm of clients makes them.
func reconnects(s settings, r *result) error {
	until := time.Now().Add(s.lasts)
	var lock sync.Mutex
	var workers sync.WaitGroup
	for range 16 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for time.Now().Before(until) {
				raw, err := dialRaw(s)
				if err != nil {
					continue
				}
				_, _ = raw.Write(append([]byte(preface), 0, 0, 0, 4, 0, 0, 0, 0, 0))
				_ = raw.(*net.TCPConn).SetLinger(0)
				raw.Close()
				lock.Lock()
				r.Sent++
				lock.Unlock()
			}
		}()
	}
	workers.Wait()
	return nil
}

// callsAtOnce: as many connections as it was told, each with as many calls in one write as its socket takes.
func callsAtOnce(s settings, r *result) error {
	const calls = 26_000
	var text bytes.Buffer
	framer := http2.NewFramer(&text, nil)
	head := block(streamPackets)
	for id := range uint32(calls) {
		param := http2.HeadersFrameParam{StreamID: 2*id + 1, BlockFragment: head, EndStream: true, EndHeaders: true}
		if err := framer.WriteHeaders(param); err != nil {
			return err
		}
	}
	var open []*connection
	for range s.count {
		c, err := dial(s)
		if err != nil {
			return err
		}
		defer c.Close()
		open = append(open, c)
	}
	for _, c := range open {
		go func() {
			_ = c.SetWriteDeadline(c.deadline)
			_, _ = c.Write(text.Bytes())
		}()
	}
	until := time.After(s.lasts)
	for _, c := range open {
		r.Sent++
		select {
		case <-c.closed:
			r.Refused++
		case <-until:
		}
	}
	r.Closed = r.Refused == r.Sent
	return nil
}
