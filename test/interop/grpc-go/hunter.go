package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

type fieldNumber = protowire.Number

// hunter holds two connections, as the existing hunters do: packets on one, everything else on the
// other. An end of SubscribeFilters or Heartbeat makes those reconnect, so here it is a failure.
type hunter struct {
	id         string
	number     uint32
	data       *connection
	management *connection
	packets    *packetStream

	ctx       context.Context
	cancel    context.CancelFunc
	watchers  sync.WaitGroup
	mutex     sync.Mutex
	beats     int
	forwarded uint64
	failure   error
}

func connectHunter(address string, number uint32, pings pinging, beat time.Duration) (*hunter, error) {
	made := &hunter{id: fmt.Sprintf("hunter-%d", number), number: number}
	made.ctx, made.cancel = context.WithCancel(context.Background())
	var err error
	if made.data, err = dial(address, pings, hunterReceiveMax); err != nil {
		return nil, err
	}
	if made.management, err = dial(address, pings, hunterReceiveMax); err != nil {
		return nil, err
	}
	if err = register(made.management, made.id); err != nil {
		return nil, err
	}
	if made.packets, err = openPacketStream(made.ctx, made.data); err != nil {
		return nil, err
	}
	made.watchers.Add(2)
	go made.watch("SubscribeFilters", made.subscribeFilters)
	go made.watch("Heartbeat", func() error { return made.heartbeats(beat) })
	return made, nil
}

// register has no deadline. Of the answer, existing hunters read accepted and error.
func register(on *connection, id string) error {
	var answer []byte
	request := registration(id, 10000*2048)
	if err := on.Invoke(context.Background(), registerMethod, request, &answer); err != nil {
		return fmt.Errorf("RegisterHunter: %w", err)
	}
	isAccepted, text, assigned := false, "", ""
	err := fields(answer, func(number fieldNumber, varint uint64, bytes []byte) {
		switch number {
		case 1:
			isAccepted = varint == 1
		case 2:
			text = string(bytes)
		case 3:
			assigned = string(bytes)
		}
	})
	if err != nil {
		return err
	}
	if !isAccepted || assigned != id {
		return fmt.Errorf("RegisterHunter: accepted %t, id %q: %s", isAccepted, assigned, text)
	}
	return nil
}

// watch keeps the error that ended a call which should have lasted.
func (h *hunter) watch(name string, run func() error) {
	defer h.watchers.Done()
	err := run()
	if h.ctx.Err() != nil {
		return
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.failure == nil {
		h.failure = fmt.Errorf("%s ended: %s: %w", name, statusName(err), err)
	}
}

func (h *hunter) subscribeFilters() error {
	stream, err := openStream(h.ctx, h.management, subscribeFiltersMethod)
	if err != nil {
		return err
	}
	if err = stream.SendMsg(appendText(nil, 1, h.id)); err != nil {
		return err
	}
	if err = stream.CloseSend(); err != nil {
		return err
	}
	for {
		var update []byte
		if err = stream.RecvMsg(&update); err != nil {
			return err
		}
		isFilterSet := false
		err = fields(update, func(number fieldNumber, _ uint64, _ []byte) {
			isFilterSet = isFilterSet || number == 2
		})
		if err == nil && !isFilterSet {
			err = errors.New("an update without a filter, which existing hunters do not survive")
		}
		if err != nil {
			return err
		}
	}
}

// heartbeats wants one answer for each, with the same time.
func (h *hunter) heartbeats(interval time.Duration) error {
	stream, err := openStream(h.ctx, h.management, heartbeatMethod)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return h.ctx.Err()
		case <-ticker.C:
		}
		h.mutex.Lock()
		forwarded := h.forwarded
		h.mutex.Unlock()
		timeNs := time.Now().UnixNano()
		if err = stream.SendMsg(heartbeat(h.id, timeNs, forwarded)); err != nil {
			return err
		}
		var answer []byte
		if err = stream.RecvMsg(&answer); err != nil {
			return err
		}
		var echoed uint64
		err = fields(answer, func(number fieldNumber, varint uint64, _ []byte) {
			if number == 1 {
				echoed = varint
			}
		})
		if err == nil && echoed != uint64(timeNs) {
			err = fmt.Errorf("a heartbeat of %d was answered with %d", timeNs, echoed)
		}
		if err != nil {
			return err
		}
		h.mutex.Lock()
		h.beats++
		h.mutex.Unlock()
	}
}

// close ends the packet stream in good order and then the rest, and says what went wrong on the way.
func (h *hunter) close() error {
	err := h.packets.finish()
	h.mutex.Lock()
	failure := h.failure
	h.mutex.Unlock()
	h.cancel()
	h.watchers.Wait()
	if err == nil {
		err = failure
	}
	for _, used := range []*connection{h.data, h.management} {
		if opened := used.opened.Load(); err == nil && opened != 1 {
			err = fmt.Errorf("the connection was made %d times", opened)
		}
		used.Close()
	}
	return err
}
