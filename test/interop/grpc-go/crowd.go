package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

const (
	// What the processor takes of one connection, and half of what it takes of one address.
	streamsPerConnection = 128
	streamsPerAddress    = 512
	// Nothing was sent for so long: every stream waits for its window.
	stillAfter = time.Second
)

// crowd is many hunters that do not heed PAUSE, from addresses 127.0.0.21 and further: each sends until
// its window is used up. All of them go on when the processor reads on.
func crowd(s settings, r *result) error {
	open := make([]*packetStream, s.streams)
	var on *connection
	var err error
	for index := range open {
		if index%streamsPerConnection == 0 {
			from := net.ParseIP(fmt.Sprintf("127.0.0.%d", 21+index/streamsPerAddress))
			if on, err = dialFrom(s.address, from); err != nil {
				return err
			}
			defer on.Close()
			r.Connections++
		}
		if open[index], err = openPacketStream(context.Background(), on); err != nil {
			return err
		}
		if _, err = open[index].stream.Header(); err != nil {
			return err
		}
	}
	event("open")
	var sent atomic.Int64
	results := make(chan error, s.streams)
	for index, stream := range open {
		number := s.hunter + uint32(index)
		from := &source{id: fmt.Sprintf("hunter-%d", number), hunter: number, size: s.size}
		go func() { results <- from.flood(stream, s, &sent) }()
	}
	for before := int64(-1); before != sent.Load(); time.Sleep(stillAfter) {
		before = sent.Load()
	}
	event("filled")
	for range open {
		if failed := <-results; failed != nil && err == nil {
			err = failed
		}
	}
	for _, stream := range open {
		r.Batches += len(stream.sent)
		r.Acks += stream.acks
		r.Pauses += stream.pauses
	}
	r.Packets = uint64(r.Batches * s.packets)
	return err
}

// flood sends without the patience of a hunter: a batch may wait for its window for as long as it takes.
func (s *source) flood(stream *packetStream, of settings, sent *atomic.Int64) error {
	for range of.batches {
		made := &batch{}
		s.fill(made, of.packets)
		message, sequence := s.cut(made)
		stream.mutex.Lock()
		stream.sent = append(stream.sent, sequence)
		stream.mutex.Unlock()
		if err := stream.stream.SendMsg(message); err != nil {
			if errors.Is(err, io.EOF) {
				return stream.wait(func() bool { return stream.isOver })
			}
			return err
		}
		sent.Add(1)
	}
	return stream.finish()
}

func dialFrom(address string, from net.IP) (*connection, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	dial := func(ctx context.Context, to string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", to)
	}
	made := &connection{}
	client, err := grpc.NewClient(
		"passthrough:///"+address,
		grpc.WithTransportCredentials(security),
		grpc.WithContextDialer(dial),
		grpc.WithNoProxy(),
	)
	made.ClientConn = client
	return made, err
}
