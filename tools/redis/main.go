// Command redis-server is the in-memory cache that Argo CD's processes share in the end-to-end tests.
//
// It speaks the Redis protocol through miniredis, so a machine needs no Redis of its own.
package main

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	bind := flag.String("bind", "127.0.0.1", "address to listen on")
	port := flag.String("port", "6379", "port to listen on")
	flag.Parse()

	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(*bind + ":" + *port); err != nil {
		log.Fatalf("redis-server: %v; choose a free port with -port", err)
	}
	defer server.Close()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	// miniredis ages keys only when it is told to; without this a cached answer would live for ever.
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			server.FastForward(time.Second)
		case <-stop:
			return
		}
	}
}
