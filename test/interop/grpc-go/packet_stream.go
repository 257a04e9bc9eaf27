package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	flowPause  = 2
	flowResume = 3
)

const (
	packetsPerBatch = 64
	sendTimeout     = 5 * time.Second
	queuedBatches   = 8
)

// packetStream is one StreamPackets call with the habits of an existing hunter: PAUSE stops the making
// of batches, those made already still go out, and only RESUME clears it. Nothing is sent twice.
type packetStream struct {
	stream grpc.ClientStream

	mutex    sync.Mutex
	changed  *sync.Cond
	sent     []uint64
	acks     int
	pauses   int
	resumes  int
	isPaused bool
	ended    error
	isOver   bool
}

func openPacketStream(ctx context.Context, on *connection) (*packetStream, error) {
	stream, err := openStream(ctx, on, streamPacketsMethod)
	if err != nil {
		return nil, err
	}
	made := &packetStream{stream: stream}
	made.changed = sync.NewCond(&made.mutex)
	go made.receive()
	return made, nil
}

func (s *packetStream) receive() {
	for {
		var message []byte
		err := s.stream.RecvMsg(&message)
		if err == nil {
			err = s.control(message)
		}
		if err != nil {
			s.mutex.Lock()
			s.ended, s.isOver = err, true
			s.changed.Broadcast()
			s.mutex.Unlock()
			return
		}
	}
}

// control takes one StreamControl. Acknowledgements must echo the sequences in the order sent.
func (s *packetStream) control(message []byte) error {
	var sequence, flow uint64
	var text string
	err := fields(message, func(number fieldNumber, varint uint64, bytes []byte) {
		switch number {
		case 1:
			sequence = varint
		case 2:
			flow = varint
		case 3:
			text = string(bytes)
		}
	})
	if err != nil {
		return err
	}
	if text != "" {
		return fmt.Errorf("batch %d: %s", sequence, text)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	defer s.changed.Broadcast()
	if flow == flowPause && !s.isPaused {
		s.isPaused = true
		s.pauses++
	}
	if flow == flowResume && s.isPaused {
		s.isPaused = false
		s.resumes++
	}
	if sequence == 0 {
		return nil
	}
	if s.acks >= len(s.sent) || s.sent[s.acks] != sequence {
		return fmt.Errorf("acknowledgement %d is for sequence %d", s.acks+1, sequence)
	}
	s.acks++
	return nil
}

// send gives up after five seconds.
func (s *packetStream) send(message []byte, sequence uint64) error {
	s.mutex.Lock()
	s.sent = append(s.sent, sequence)
	s.mutex.Unlock()
	done := make(chan error, 1)
	go func() { done <- s.stream.SendMsg(message) }()
	select {
	case err := <-done:
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the stream has ended: %w", s.wait(func() bool { return s.isOver }))
		}
		return err
	case <-time.After(sendTimeout):
		return fmt.Errorf("sequence %d was not taken within %s", sequence, sendTimeout)
	}
}

// wait returns nil once the condition holds, or what ended the stream before.
func (s *packetStream) wait(condition func() bool) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for !condition() && !s.isOver {
		s.changed.Wait()
	}
	if s.isOver && s.ended != nil {
		return s.ended
	}
	return nil
}

func (s *packetStream) paused() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.isPaused
}

// finish half-closes, and wants every batch acknowledged before the status, which must be OK.
func (s *packetStream) finish() error {
	if err := s.stream.CloseSend(); err != nil {
		return err
	}
	err := s.wait(func() bool { return false })
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("after half-close: %w", err)
	}
	if s.acks != len(s.sent) {
		return fmt.Errorf("%d of %d batches were acknowledged before the end", s.acks, len(s.sent))
	}
	return nil
}

// statusName is the gRPC code of the end of a stream; io.EOF stands for OK.
func statusName(err error) string {
	if errors.Is(err, io.EOF) {
		return codes.OK.String()
	}
	return status.Code(err).String()
}
