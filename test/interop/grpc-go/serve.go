package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// server is a processor with grpc-go's default settings that keeps nothing: it answers what a hunter
// asks, acknowledges each batch, and wants the numbered packets of one hunter in order and unchanged.
type server struct {
	hunter uint32
	size   int

	mutex   sync.Mutex
	outcome *result
	failure error
}

// serve listens on s.address and goes on until its input ends; the way to it takes s.delay each way.
func serve(s settings, r *result) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	through := listener.Addr().String()
	if s.delay > 0 {
		if through, err = relay(through, s.delay); err != nil {
			return err
		}
	}
	serving := &server{hunter: s.hunter, size: s.size, outcome: r}
	counted := &connection{}
	host := grpc.NewServer(
		grpc.UnknownServiceHandler(serving.answer), grpc.StatsHandler(counted),
		// So that nothing is counted behind the stop.
		grpc.WaitForHandlers(true),
	)
	go host.Serve(listener)
	printLine(map[string]string{"event": "listening", "address": through})
	_, err = io.ReadAll(os.Stdin)
	host.Stop()
	r.Connections = int(counted.opened.Load())
	if err == nil {
		err = serving.failure
	}
	return err
}

func (s *server) answer(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	switch method {
	case registerMethod:
		return s.register(stream)
	case heartbeatMethod:
		return s.beat(stream)
	case subscribeFiltersMethod:
		<-stream.Context().Done()
		return nil
	case streamPacketsMethod:
		return s.packets(stream)
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s", method)
}

func (s *server) register(stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	id := ""
	err := fields(request, func(number fieldNumber, _ uint64, bytes []byte) {
		if number == 1 {
			id = string(bytes)
		}
	})
	if err != nil {
		return err
	}
	return stream.SendMsg(appendText(appendNumber(nil, 1, 1), 3, id))
}

func (s *server) beat(stream grpc.ServerStream) error {
	for {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return ended(err)
		}
		var timeNs uint64
		err := fields(request, func(number fieldNumber, varint uint64, _ []byte) {
			if number == 2 {
				timeNs = varint
			}
		})
		if err != nil {
			return err
		}
		if err = stream.SendMsg(appendNumber(nil, 1, timeNs)); err != nil {
			return err
		}
		s.mutex.Lock()
		s.outcome.Heartbeats++
		s.mutex.Unlock()
	}
}

func (s *server) packets(stream grpc.ServerStream) error {
	s.mutex.Lock()
	s.outcome.Streams++
	s.mutex.Unlock()
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return ended(err)
		}
		if err := stream.SendMsg(appendNumber(nil, 1, s.take(message))); err != nil {
			return err
		}
	}
}

// take counts one batch and returns its number. Of what is wrong with packets the first is kept.
func (s *server) take(message []byte) uint64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var sequence uint64
	fault := fields(message, func(number fieldNumber, varint uint64, packet []byte) {
		switch number {
		case 2:
			sequence = varint
		case 4:
			if err := s.takePacket(packet); s.failure == nil {
				s.failure = err
			}
		}
	})
	if s.failure == nil {
		s.failure = fault
	}
	s.outcome.Batches++
	s.outcome.LargestBytes = max(s.outcome.LargestBytes, len(message))
	return sequence
}

func (s *server) takePacket(packet []byte) error {
	number := s.outcome.Packets
	s.outcome.Packets++
	wanted := numberedPacket(s.hunter, number, s.size)
	var found []byte
	err := fields(packet, func(number fieldNumber, _ uint64, bytes []byte) {
		if number == 1 {
			found = bytes
		}
	})
	if err != nil {
		return err
	}
	// Headers hold what depends on who made them.
	if len(found) != len(wanted) || !bytes.Equal(found[headerBytes:], wanted[headerBytes:]) {
		return fmt.Errorf("packet %d of %d bytes is not as it was sent", number, len(found))
	}
	return nil
}

// ended is the status of a call whose client has sent its last message.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
