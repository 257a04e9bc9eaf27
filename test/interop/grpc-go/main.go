// A packet hunter on grpc-go with the habits of the existing hunters, for test/interop/grpc-go.test.ts,
// and a processor on grpc-go for test/interop/hunt-to-foreign-servers.test.ts.
//
// It runs one scenario against a processor, or as one, and prints JSON lines: events on the way, and at the end
// one result. Exit code 0 when everything was as it should be, else 1 with the reason in the result.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

type result struct {
	Scenario     string `json:"scenario"`
	Error        string `json:"error"`
	Batches      int    `json:"batches"`
	Packets      uint64 `json:"packets"`
	Acks         int    `json:"acks"`
	LargestBytes int    `json:"largestBytes"`
	Pauses       int    `json:"pauses"`
	Resumes      int    `json:"resumes"`
	Heartbeats   int    `json:"heartbeats"`
	Connections  int    `json:"connections"`
	Seen         int    `json:"seen"`
	LongestGapMs int    `json:"longestGapMs"`
	Streams      int    `json:"streams"`
}

type settings struct {
	address  string
	hunter   uint32
	batches  int
	streams  int
	idle     time.Duration
	packets  int
	size     int
	delay    time.Duration
	patience time.Duration
	paced    bool
}

var scenarios = map[string]func(settings, *result) error{
	"slow-pings": func(s settings, r *result) error { return stream(s, r, slowPings) },
	"fast-pings": func(s settings, r *result) error { return stream(s, r, fastPings) },
	"pause":      pause,
	"quiet":      quiet,
	"idle":       idle,
	"streams":    streams,
	"multiplex":  multiplex,
	"view":       view,
	"serve":      serve,
	"crowd":      crowd,
}

var output sync.Mutex

func printLine(line any) {
	output.Lock()
	defer output.Unlock()
	// Marshalling these types cannot fail, and nobody is left to tell when stdout does.
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func event(name string) {
	printLine(map[string]string{"event": name})
}

func main() {
	var chosen settings
	scenario := flag.String("scenario", "", "what to do")
	number := flag.Uint("hunter", 1, "number of this hunter")
	files := flag.String("tls", "", "directory with ca.pem, client.pem and client.key; none, no TLS")
	flag.StringVar(&chosen.address, "address", "", "processor, host:port; where to serve")
	flag.IntVar(&chosen.batches, "batches", 200, "batches of each stream")
	flag.IntVar(&chosen.streams, "streams", 100, "streams on one connection")
	flag.DurationVar(&chosen.idle, "idle", 35*time.Second, "time without a packet")
	flag.IntVar(&chosen.packets, "packets", 10_000, "packets for a live view, or in each batch of a crowd")
	flag.IntVar(&chosen.size, "size", 4096, "bytes of each of them, or of each that comes")
	flag.DurationVar(&chosen.delay, "delay", 0, "time that the way to a live view, or to what serves, takes each way")
	flag.DurationVar(&chosen.patience, "patience", time.Minute, "for the last packet of a live view")
	flag.BoolVar(&chosen.paced, "paced", true, "send as fast as the live view reads")
	flag.Parse()
	chosen.hunter = uint32(*number)
	run, ok := scenarios[*scenario]
	if !ok || chosen.address == "" {
		fmt.Fprintln(os.Stderr, "-address and a known -scenario are needed")
		os.Exit(2)
	}
	outcome := result{Scenario: *scenario}
	var err error
	if *files != "" {
		err = useTLS(*files)
	}
	if err == nil {
		err = run(chosen, &outcome)
	}
	if err != nil {
		outcome.Error = err.Error()
	}
	printLine(outcome)
	if err != nil {
		os.Exit(1)
	}
}
