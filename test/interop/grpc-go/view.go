package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

const subscribeMethod = "/lippycat.data.DataService/SubscribePackets"

// A sender that stays this far ahead of a live view gives it no reason to lose anything.
const aheadBytesMax = 4 << 20

// view sends numbered packets and watches them come out of a live view of a client with grpc-go's
// default settings, over a path that takes s.delay each way.
func view(s settings, r *result) error {
	through := s.address
	if s.delay > 0 {
		relayed, err := relay(s.address, s.delay)
		if err != nil {
			return err
		}
		through = relayed
	}
	client, err := grpc.NewClient(
		through, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
	)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	desc := &grpc.StreamDesc{ServerStreams: true}
	watching, err := client.NewStream(ctx, desc, subscribeMethod)
	if err != nil {
		return err
	}
	request := []byte{}
	if err = watching.SendMsg(request); err != nil {
		return err
	}
	if err = watching.CloseSend(); err != nil {
		return err
	}
	if _, err = watching.Header(); err != nil {
		return err
	}
	// The head comes before the request is read.
	time.Sleep(s.delay*4 + 200*time.Millisecond)

	var seen, seenBytes atomic.Int64
	failed := make(chan error, 1)
	var longest atomic.Int64
	go func() {
		last := time.Now()
		for {
			var message []byte
			if err := watching.RecvMsg(&message); err != nil {
				failed <- err
				return
			}
			now := time.Now()
			if gap := int64(now.Sub(last)); gap > longest.Load() && seen.Load() > 0 {
				longest.Store(gap)
			}
			last = now
			packets := 0
			visit := func(number protowire.Number, _ uint64, _ []byte) {
				if number == 4 {
					packets++
				}
			}
			if err := fields(message, visit); err != nil {
				failed <- err
				return
			}
			seen.Add(int64(packets))
			seenBytes.Add(int64(len(message)))
		}
	}()

	h, err := connectHunter(s.address, s.hunter, slowPings, beat)
	if err != nil {
		return err
	}
	from := &source{id: h.id, hunter: s.hunter, size: s.size}
	perBatch := max(1, min(64, (256<<10)/s.size))
	sent := 0
	for sent < s.packets {
		for s.paced && int64(sent*s.size)-seenBytes.Load() > aheadBytesMax {
			if err := over(failed); err != nil {
				return fmt.Errorf("after %d of %d packets: %w", seen.Load(), sent, err)
			}
			time.Sleep(time.Millisecond)
		}
		made := &batch{}
		from.fill(made, min(perBatch, s.packets-sent))
		message, sequence := from.cut(made)
		if err := h.packets.send(message, sequence); err != nil {
			return err
		}
		sent += made.packets
	}
	deadline := time.Now().Add(s.patience)
	still := time.Now()
	for before := seen.Load(); seen.Load() < int64(sent) && time.Now().Before(deadline); {
		if now := seen.Load(); now != before {
			before, still = now, time.Now()
		}
		if !s.paced && time.Since(still) > 3*time.Second {
			break
		}
		if err := over(failed); err != nil {
			return fmt.Errorf("after %d of %d packets: %w", seen.Load(), sent, err)
		}
		time.Sleep(time.Millisecond)
	}
	r.Packets = uint64(sent)
	r.Seen = int(seen.Load())
	r.LongestGapMs = int(time.Duration(longest.Load()).Milliseconds())
	if s.paced && r.Seen != sent {
		return fmt.Errorf("%d of %d packets came", r.Seen, sent)
	}
	if err := h.close(); err != nil {
		return err
	}
	// What was lost is told by the node while the view is open.
	event("sent")
	_, err = io.ReadAll(os.Stdin)
	cancel()
	return err
}

func over(failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// relay listens on a port of its own and carries what comes to target and back, each piece delay later,
// as a path of twice that round trip does.
func relay(target string, delay time.Duration) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			go carry(near, far, delay)
			go carry(far, near, delay)
		}
	}()
	return listener.Addr().String(), nil
}

type piece struct {
	due   time.Time
	bytes []byte
}

func carry(from, to net.Conn, delay time.Duration) {
	// As much as a path of 100 ms and 10 Gbit/s holds.
	pieces := make(chan piece, 4096)
	go func() {
		defer to.Close()
		for next := range pieces {
			time.Sleep(time.Until(next.due))
			if _, err := to.Write(next.bytes); err != nil {
				break
			}
		}
		for range pieces {
		}
	}()
	defer close(pieces)
	for {
		bytes := make([]byte, 32<<10)
		count, err := from.Read(bytes)
		if count > 0 {
			pieces <- piece{due: time.Now().Add(delay), bytes: bytes[:count]}
		}
		if err != nil {
			return
		}
	}
}
