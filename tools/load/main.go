// Command http-load keeps a number of clients putting values over HTTP/1.1 for a while and says how many
// were answered, and how fast, as one line of JSON. Each client has one connection and one request under way.
//
// Requests are written and answers read by hand: net/http's client costs more than the servers that are
// measured with it, on the same two cores.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type options struct {
	address string
	kind    string
	path    string
	clients int
	seconds float64
	size    int
	keys    int
}

type result struct {
	Kind     string         `json:"kind"`
	Clients  int            `json:"clients"`
	Puts     int            `json:"puts"`
	Seconds  float64        `json:"seconds"`
	P50      float64        `json:"p50_s"`
	P99      float64        `json:"p99_s"`
	Failures map[string]int `json:"failures"`
}

// One client's own record; they are joined at the end, so that clients share nothing while they run.
type record struct {
	latencies []time.Duration
	failures  map[string]int
}

func main() {
	var o options
	flag.StringVar(&o.address, "address", "", "HOST:PORT")
	flag.StringVar(&o.kind, "kind", "keys", "keys: PUT PATH/KEY; gateway: etcd's JSON gateway, POST /v3/kv/put")
	flag.StringVar(&o.path, "path", "/v1/keys", "with -kind keys: what is in front of a key")
	flag.IntVar(&o.clients, "clients", 1, "connections")
	flag.Float64Var(&o.seconds, "seconds", 3, "how long")
	flag.IntVar(&o.size, "size", 256, "bytes of a value")
	flag.IntVar(&o.keys, "keys", 10000, "different keys")
	flag.Parse()
	if o.address == "" || (o.kind != "keys" && o.kind != "gateway") || o.clients < 1 || o.keys < 1 || o.seconds <= 0 || o.size < 0 {
		fmt.Fprintln(os.Stderr, "http-load: -address HOST:PORT is needed; -kind is keys or gateway; numbers are at least 1")
		os.Exit(2)
	}
	found, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "http-load:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}

func run(o options) (result, error) {
	connections := make([]net.Conn, o.clients)
	for i := range connections {
		connection, err := net.DialTimeout("tcp", o.address, 5*time.Second)
		if err != nil {
			return result{}, err
		}
		defer connection.Close()
		connections[i] = connection
	}
	records := make([]record, o.clients)
	start := time.Now()
	end := start.Add(time.Duration(o.seconds * float64(time.Second)))
	var running sync.WaitGroup
	for i, connection := range connections {
		running.Add(1)
		go func() {
			defer running.Done()
			records[i] = client(o, connection, rand.New(rand.NewSource(int64(i))), end)
		}()
	}
	running.Wait()
	return joined(o, records, time.Since(start)), nil
}

func client(o options, connection net.Conn, random *rand.Rand, end time.Time) record {
	found := record{failures: map[string]int{}}
	reader := bufio.NewReader(connection)
	value := strings.Repeat("v", o.size)
	for time.Now().Before(end) {
		start := time.Now()
		// What hangs longer than any deadline of a server is a failure, not a long latency.
		connection.SetDeadline(start.Add(30 * time.Second))
		if _, err := io.WriteString(connection, request(o, random.Intn(o.keys), value)); err != nil {
			found.failures[err.Error()]++
			return found
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			found.failures[err.Error()]++
			return found
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err != nil {
			found.failures[err.Error()]++
			return found
		}
		if answer.StatusCode/100 != 2 {
			found.failures[answer.Status]++
			continue
		}
		found.latencies = append(found.latencies, time.Since(start))
	}
	return found
}

func request(o options, number int, value string) string {
	key := fmt.Sprintf("load-%08d", number)
	if o.kind == "keys" {
		return fmt.Sprintf("PUT %s/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", o.path, key, o.address, len(value), value)
	}
	encode := base64.StdEncoding.EncodeToString
	body := fmt.Sprintf(`{"key":"%s","value":"%s"}`, encode([]byte(key)), encode([]byte(value)))
	return fmt.Sprintf("POST /v3/kv/put HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", o.address, len(body), body)
}

func joined(o options, records []record, took time.Duration) result {
	all := []time.Duration{}
	failures := map[string]int{}
	for _, each := range records {
		all = append(all, each.latencies...)
		for text, count := range each.failures {
			failures[text] += count
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return result{
		Kind:     o.kind,
		Clients:  o.clients,
		Puts:     len(all),
		Seconds:  took.Seconds(),
		P50:      quantile(all, 0.5),
		P99:      quantile(all, 0.99),
		Failures: failures,
	}
}

// In seconds; 0 without any.
func quantile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))].Seconds()
}
