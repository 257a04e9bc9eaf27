// Attacks on a processor below gRPC, for test/interop/hostile.test.ts.
//
// It runs one attack from one source address and prints one result as JSON. Exit code 0 when the
// attack could be run, whatever came of it; the test judges that.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

type settings struct {
	address string
	from    string
	count   int
	lasts   time.Duration
}

// result says what the attacker saw.
type result struct {
	Attack string `json:"attack"`
	Error  string `json:"error"`
	// Frames that were sent, or connections where the attack is made of those.
	Sent int `json:"sent"`
	// The processor closed the connection: all of them, where there are several.
	Closed bool `json:"closed"`
	// From the beginning to that, or to the end of the attack.
	Milliseconds int64 `json:"milliseconds"`
	// Error code of GOAWAY, -1 without one.
	GoAway int `json:"goAway"`
	// What GOAWAY says of it.
	Reason string `json:"reason"`
	// RST_STREAM frames that came.
	Resets int `json:"resets"`
	// Connections that the processor closed.
	Refused int `json:"refused"`
}

var attacks = map[string]func(settings, *result) error{
	"rapid-reset":         onOne(rapidReset),
	"calls":               onOne(calls),
	"empty-continuations": onOne(emptyContinuations),
	"big-continuations":   onOne(bigContinuations),
	"pings":               onOne(pings),
	"settings":            onOne(settingsFlood),
	"empty-data":          onOne(emptyData),
	"small-data":          onOne(smallData),
	"unknown-frames":      onOne(unknownFrames),
	"header-lists":        onOne(headerLists),
	"open-streams":        onOne(openStreams),
	"idle-connections":    idleConnections,
	"calls-at-once":       callsAtOnce,
	"cancelled-views":     onOne(cancelledViews),
	"fast-view":           onOne(fastView),
	"window-updates":      onOne(windowUpdates),
	"priorities":          onOne(priorities),
	"spin":                spin,
	"idle-priorities":     onOne(idlePriorities),
	"made-you-reset":      onOne(madeYouReset),
	"too-many-streams":    onOne(tooManyStreams),
	"random-frames":       randomFrames,
	"random-bytes":        randomBytes,
	"http1":               http1,
	"slow-preface":        slowPreface,
	"slow-headers":        onOne(slowHeaders),
	"slow-body":           onOne(slowBody),
	"silent":              silent,
	"unread-answers":      unreadAnswers,
	"unread-heartbeats":   unreadHeartbeats,
	"many-connections":    manyConnections,
	"reconnects":          reconnects,
	"strangers":           strangers,
	"torn-hellos":         tornHellos,
}

// repeated runs an attack as often as the time allows: connections are counted, and those that were closed.
func repeated(run func(settings, *result) error) func(settings, *result) error {
	return func(s settings, r *result) error {
		r.Closed = true
		until := time.Now().Add(s.lasts)
		for left := s.lasts; left > 0; left = time.Until(until) {
			once := result{GoAway: -1}
			s.lasts = left
			if err := run(s, &once); err != nil {
				continue
			}
			r.Sent++
			r.GoAway = once.GoAway
			if once.Closed {
				r.Refused++
			}
		}
		return nil
	}
}

func main() {
	var chosen settings
	attack := flag.String("attack", "", "what to do")
	flag.StringVar(&chosen.address, "address", "", "processor, host:port")
	flag.StringVar(&chosen.from, "from", "127.0.0.9", "source address")
	flag.IntVar(&chosen.count, "count", 100, "connections, or calls")
	flag.DurationVar(&chosen.lasts, "lasts", 2*time.Second, "longest time")
	again := flag.Bool("again", false, "begins again whenever it was closed, for the whole time")
	flag.Parse()
	run, ok := attacks[*attack]
	if !ok || chosen.address == "" {
		fmt.Fprintln(os.Stderr, "-address and a known -attack are needed")
		os.Exit(2)
	}
	outcome := result{Attack: *attack, GoAway: -1}
	begun := time.Now()
	if *again {
		run = repeated(run)
	}
	err := run(chosen, &outcome)
	outcome.Milliseconds = time.Since(begun).Milliseconds()
	if err != nil {
		outcome.Error = err.Error()
	}
	// Marshalling a result cannot fail, and nobody is left to tell when stdout does.
	text, _ := json.Marshal(outcome)
	fmt.Println(string(text))
	if err != nil {
		os.Exit(1)
	}
}
