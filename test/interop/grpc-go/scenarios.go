package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/keepalive"
)

type pinging = keepalive.ClientParameters

const (
	packetBytes = 400
	// A packet of a full Ethernet frame, so that a queue fills soon.
	largePacketBytes = 1400
	hugeBatchBytes   = 20 << 20
	// Existing hunters take 5 s; scenarios that are over sooner would not see one.
	shortBeat = 200 * time.Millisecond
	beat      = 5 * time.Second
)

// source makes one hunter's batches.
type source struct {
	id       string
	hunter   uint32
	size     int
	number   uint64
	sequence uint64
}

func (s *source) fill(into *batch, packets int) {
	for range packets {
		into.add(s.hunter, s.number, s.size)
		s.number++
	}
}

// cut is the batch as a message, with the next sequence number.
func (s *source) cut(from *batch) ([]byte, uint64) {
	s.sequence++
	return from.message(s.id, s.sequence, s.number), s.sequence
}

func (s *source) sendBatches(stream *packetStream, batches int, into *result) error {
	for range batches {
		made := &batch{}
		s.fill(made, packetsPerBatch)
		message, sequence := s.cut(made)
		into.LargestBytes = max(into.LargestBytes, len(message))
		if err := stream.send(message, sequence); err != nil {
			return err
		}
	}
	return nil
}

func (r *result) take(h *hunter, packets uint64) {
	r.Batches += len(h.packets.sent)
	r.Acks += h.packets.acks
	r.Packets += packets
	r.Pauses += h.packets.pauses
	r.Resumes += h.packets.resumes
	r.Heartbeats += h.beats
	r.Connections += int(h.data.opened.Load() + h.management.opened.Load())
}

// stream sends what it has, then half-closes.
func stream(s settings, r *result, pings pinging) error {
	h, err := connectHunter(s.address, s.hunter, pings, shortBeat)
	if err != nil {
		return err
	}
	from := &source{id: h.id, hunter: s.hunter, size: packetBytes}
	if err = from.sendBatches(h.packets, s.batches, r); err != nil {
		return err
	}
	// So that at least one heartbeat is answered while the packets' stream is open.
	if err = h.waitBeats(1); err != nil {
		return err
	}
	err = h.close()
	r.take(h, from.number)
	return err
}

// pause streams until the processor says PAUSE, lets packets pile up in one batch until they are
// 20 MiB, sends it at RESUME, and goes on as before.
func pause(s settings, r *result) error {
	h, err := connectHunter(s.address, s.hunter, slowPings, shortBeat)
	if err != nil {
		return err
	}
	from := &source{id: h.id, hunter: s.hunter, size: largePacketBytes}
	event("streaming")
	for !h.packets.paused() {
		// Several at a time: a hunter has queued some when PAUSE comes, and they still go out.
		if err = from.sendBatches(h.packets, queuedBatches, r); err != nil {
			return err
		}
	}
	event("paused")
	huge := &batch{}
	for len(huge.bytes) < hugeBatchBytes {
		from.fill(huge, packetsPerBatch)
	}
	if err = h.packets.wait(func() bool { return !h.packets.isPaused }); err != nil {
		return err
	}
	event("resumed")
	message, sequence := from.cut(huge)
	r.LargestBytes = len(message)
	if err = h.packets.send(message, sequence); err != nil {
		return err
	}
	if err = from.sendBatches(h.packets, s.batches, r); err != nil {
		return err
	}
	err = h.close()
	r.take(h, from.number)
	return err
}

// quiet is a hunter on a network where nothing happens: streams and heartbeats, no packets.
func quiet(s settings, r *result) error {
	h, err := connectHunter(s.address, s.hunter, slowPings, beat)
	if err != nil {
		return err
	}
	time.Sleep(s.idle)
	from := &source{id: h.id, hunter: s.hunter, size: packetBytes}
	if err = from.sendBatches(h.packets, s.batches, r); err != nil {
		return err
	}
	err = h.close()
	r.take(h, from.number)
	return err
}

// idle is a connection with pings every ten seconds and no call; then it is used.
func idle(s settings, r *result) error {
	on, err := dial(s.address, fastPings, hunterReceiveMax)
	if err != nil {
		return err
	}
	defer on.Close()
	id := fmt.Sprintf("hunter-%d", s.hunter)
	if err = register(on, id); err != nil {
		return err
	}
	time.Sleep(s.idle)
	if state := on.GetState(); state != connectivity.Ready || on.closed.Load() > 0 {
		return fmt.Errorf("after %s without a call the connection is %s", s.idle, state)
	}
	if err = register(on, id); err != nil {
		return err
	}
	r.Connections = int(on.opened.Load())
	return nil
}

// streams opens many at once on one connection, each its own hunter's.
func streams(s settings, r *result) error {
	on, err := dial(s.address, fastPings, defaultReceiveMax)
	if err != nil {
		return err
	}
	defer on.Close()
	results := make(chan error, s.streams)
	open := make([]*packetStream, s.streams)
	for index := range open {
		if open[index], err = openPacketStream(context.Background(), on); err != nil {
			return err
		}
	}
	partial := make([]result, s.streams)
	for index, stream := range open {
		number := s.hunter + uint32(index)
		from := &source{id: fmt.Sprintf("hunter-%d", number), hunter: number, size: packetBytes}
		go func() {
			err := from.sendBatches(stream, s.batches, &partial[index])
			if err == nil {
				err = stream.finish()
			}
			partial[index].Packets = from.number
			results <- err
		}()
	}
	for range open {
		if failed := <-results; failed != nil && err == nil {
			err = failed
		}
	}
	for index, stream := range open {
		r.Batches += len(stream.sent)
		r.Acks += stream.acks
		r.Packets += partial[index].Packets
		r.LargestBytes = max(r.LargestBytes, partial[index].LargestBytes)
	}
	r.Connections = int(on.opened.Load())
	return err
}

// multiplex is a processor below: many hunters on one stream, whose sequence numbers repeat.
func multiplex(s settings, r *result) error {
	on, err := dial(s.address, fastPings, defaultReceiveMax)
	if err != nil {
		return err
	}
	defer on.Close()
	stream, err := openPacketStream(context.Background(), on)
	if err != nil {
		return err
	}
	sources := make([]*source, s.streams)
	for index := range sources {
		number := s.hunter + uint32(index)
		sources[index] = &source{id: fmt.Sprintf("hunter-%d", number), hunter: number, size: packetBytes}
	}
	for range s.batches {
		for _, from := range sources {
			if err = from.sendBatches(stream, 1, r); err != nil {
				return err
			}
		}
	}
	err = stream.finish()
	for _, from := range sources {
		r.Packets += from.number
	}
	r.Batches, r.Acks, r.Connections = len(stream.sent), stream.acks, int(on.opened.Load())
	return err
}

// waitBeats waits until so many heartbeats are answered, or something has ended that should not.
func (h *hunter) waitBeats(count int) error {
	for {
		h.mutex.Lock()
		beats, failure := h.beats, h.failure
		h.mutex.Unlock()
		if beats >= count || failure != nil {
			return failure
		}
		time.Sleep(5 * time.Millisecond)
	}
}
