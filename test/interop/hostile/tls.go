package main

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
)

// strangers make whole TLS handshakes without a certificate of their own, which the processor demands.
func strangers(s settings, r *result) error {
	return many(s, r, func(raw net.Conn, _ *rand.Rand) error {
		// What its certificate is worth is not the attacker's business.
		return tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}).Handshake()
	})
}

// tornHellos begin a TLS handshake like everybody else, and leave in the middle of the first record.
func tornHellos(s settings, r *result) error {
	return many(s, r, func(raw net.Conn, random *rand.Rand) error {
		hello := append([]byte{0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xfc, 0x03, 0x03}, noise(random, 100)...)
		if _, err := raw.Write(hello); err != nil {
			return err
		}
		return raw.(*net.TCPConn).CloseWrite()
	})
}
