package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
)

// The two ways in which existing programs ping.
var (
	slowPings = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}
	fastPings = keepalive.ClientParameters{
		Time: 10 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true,
	}
)

const (
	hunterReceiveMax  = 10 << 20
	defaultReceiveMax = 4 << 20
)

const (
	streamPacketsMethod    = "/lippycat.data.DataService/StreamPackets"
	registerMethod         = "/lippycat.management.ManagementService/RegisterHunter"
	heartbeatMethod        = "/lippycat.management.ManagementService/Heartbeat"
	subscribeFiltersMethod = "/lippycat.management.ManagementService/SubscribeFilters"
)

// security is that of every connection: none, or what useTLS says.
var security = insecure.NewCredentials()

// useTLS takes ca.pem, client.pem and client.key of a directory, for TLS 1.3 with both sides known.
func useTLS(directory string) error {
	path := func(name string) string { return filepath.Join(directory, name) }
	own, err := tls.LoadX509KeyPair(path("client.pem"), path("client.key"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(path("ca.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	security = credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own},
		RootCAs:      roots,
		MinVersion:   tls.VersionTLS13,
	})
	return nil
}

// connection counts how often it was made, so that one that was lost shows.
type connection struct {
	*grpc.ClientConn
	opened atomic.Int32
	closed atomic.Int32
}

func (c *connection) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (c *connection) HandleRPC(context.Context, stats.RPCStats)                       {}
func (c *connection) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (c *connection) HandleConn(_ context.Context, event stats.ConnStats) {
	switch event.(type) {
	case *stats.ConnBegin:
		c.opened.Add(1)
	case *stats.ConnEnd:
		c.closed.Add(1)
	}
}

// dial makes a connection; it is opened by the first call.
func dial(address string, pings keepalive.ClientParameters, receiveMax int) (*connection, error) {
	made := &connection{}
	client, err := grpc.NewClient(
		address,
		grpc.WithTransportCredentials(security),
		grpc.WithKeepaliveParams(pings),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveMax)),
		grpc.WithStatsHandler(made),
		grpc.WithNoProxy(),
	)
	made.ClientConn = client
	return made, err
}

// openStream opens a call in which both sides may send.
func openStream(ctx context.Context, on *connection, method string) (grpc.ClientStream, error) {
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	return on.NewStream(ctx, desc, method)
}
