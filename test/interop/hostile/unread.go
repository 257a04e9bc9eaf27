package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/net/http2"
)

const callsPerConnection = 100

// unreadAnswers registers hunters with long names, and then asks for the status of all of them in
// many calls, without ever giving room for the answers.
func unreadAnswers(s settings, r *result) error {
	for number := range 25 {
		if err := s.register(number); err != nil {
			return err
		}
	}
	noWindow := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}
	return s.onSeveral(r, noWindow, func(c *connection) error {
		return c.call(getStatus, nil, true)
	})
}

// register registers four hunters with as much text as fits into the first window of a connection,
// which is left open.
func (s settings) register(number int) error {
	c, err := dial(s)
	for index := 0; index < 4 && err == nil; index++ {
		message := field(1, fmt.Appendf(nil, "unread-%d-%d", number, index))
		message = append(message, field(2, bytes.Repeat([]byte("x"), 12<<10))...)
		err = c.call(registerHunters, message, true)
	}
	if err == nil {
		err = c.flush()
	}
	return err
}

// unreadHeartbeats sends heartbeats on many streams, and reads no answer.
func unreadHeartbeats(s settings, r *result) error {
	noWindow := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}
	beat := field(1, []byte("unread"))
	var beats []byte
	for range 512 {
		beats = append(beats, framed(beat)...)
	}
	return s.onSeveral(r, noWindow, func(c *connection) error {
		id, err := c.headers(heartbeat, false, true)
		for range 8 {
			if err == nil {
				err = c.framer.WriteData(id, false, beats)
			}
		}
		return err
	})
}

// onSeveral makes -count calls, and counts those that the processor resets within the time.
func (s settings) onSeveral(r *result, setting http2.Setting, begin func(*connection) error) error {
	var open []*connection
	for made := 0; made < s.count; made++ {
		if made%callsPerConnection == 0 {
			c, err := dial(s, setting)
			if err != nil {
				return err
			}
			defer c.Close()
			open = append(open, c)
		}
		c := open[len(open)-1]
		if err := begin(c); err != nil {
			return err
		}
		if err := c.flush(); err != nil {
			return err
		}
		r.Sent++
	}
	until := time.Now().Add(s.lasts)
	for time.Now().Before(until) && r.Resets < r.Sent {
		time.Sleep(20 * time.Millisecond)
		r.Resets = 0
		for _, c := range open {
			r.Resets += int(c.resets.Load())
		}
	}
	return nil
}

func (c *connection) call(path string, message []byte, end bool) error {
	id, err := c.headers(path, false, true)
	if err != nil {
		return err
	}
	return c.framer.WriteData(id, end, framed(message))
}

func framed(message []byte) []byte {
	prefix := make([]byte, 5)
	binary.BigEndian.PutUint32(prefix[1:], uint32(len(message)))
	return append(prefix, message...)
}

func field(number int, content []byte) []byte {
	head := binary.AppendUvarint([]byte{byte(number<<3 | 2)}, uint64(len(content)))
	return append(head, content...)
}
