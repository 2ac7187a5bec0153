// Command porcupine checks whether a recorded history of a key-value store is linearizable, key by key.
//
// The search is github.com/anishathalye/porcupine's; this is the model and the file format around it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	exitLinearizable    = 0
	exitNotLinearizable = 1
	exitUsage           = 2
	exitUndecided       = 3
)

// record is one line of a history. Times are nanoseconds of one clock.
type record struct {
	Client  int    `json:"client"`
	Op      string `json:"op"`
	Key     string `json:"key"`
	Call    int64  `json:"call"`
	Return  int64  `json:"return"`
	Outcome string `json:"outcome"`
	// Value is what put and cas write and what get found; null when get found nothing.
	Value *string `json:"value"`
	// Expect is the revision that cas asks for; 0 asks for a key that isn't there.
	Expect int64 `json:"expect"`
	// Revision is the one at which a write took place, or of the value that get found (0: nothing).
	Revision int64 `json:"revision"`
	// Swapped says whether cas or delete changed anything.
	Swapped bool `json:"swapped"`
}

// register is the state of one key.
type register struct {
	present bool
	value   string
	// revision of the last change. When it was a write of unknown outcome, it is only known to be greater.
	revision int64
	exact    bool
}

// step applies one operation; false when a single register could not have answered so.
func step(state, input, _ any) (bool, any) {
	now, did := state.(register), input.(record)
	known := did.Outcome == "ok"
	switch did.Op {
	case "get":
		if did.Value == nil {
			return !now.present, now
		}
		if !now.present || now.value != *did.Value || !now.may(did.Revision) {
			return false, now
		}
		return true, register{present: true, value: now.value, revision: did.Revision, exact: true}
	case "put":
		return now.written(did, known)
	case "cas":
		matches := now.matches(did.Expect)
		if !known {
			if !matches {
				return true, now
			}
			return now.written(did, false)
		}
		if !did.Swapped {
			return !matches || (now.present && !now.exact), now
		}
		if !matches {
			return false, now
		}
		return now.written(did, true)
	case "delete":
		if !known {
			if !now.present {
				return true, now
			}
			return true, register{revision: now.revision}
		}
		if !did.Swapped {
			return !now.present, now
		}
		if !now.present || did.Revision <= now.revision {
			return false, now
		}
		return true, register{revision: did.Revision, exact: true}
	}
	panic("operation was checked by read")
}

// may says whether the last change can have had this revision.
func (now register) may(revision int64) bool {
	if now.exact {
		return revision == now.revision
	}
	return revision > now.revision
}

// matches says whether a comparison with this revision can have held.
func (now register) matches(expect int64) bool {
	if expect == 0 {
		return !now.present
	}
	return now.present && now.may(expect)
}

// written is the register after a write. Revisions of a key only grow.
func (now register) written(did record, known bool) (bool, any) {
	if !known {
		return true, register{present: true, value: *did.Value, revision: now.revision}
	}
	if did.Revision <= now.revision {
		return false, now
	}
	return true, register{present: true, value: *did.Value, revision: did.Revision, exact: true}
}

func read(input io.Reader) (map[string][]porcupine.Operation, error) {
	byKey := map[string][]porcupine.Operation{}
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 1<<24)
	for number := 1; lines.Scan(); number++ {
		var did record
		if err := json.Unmarshal(lines.Bytes(), &did); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if err := did.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		// What failed never took place; a read without an answer says nothing.
		if did.Outcome == "failed" || (did.Outcome == "unknown" && did.Op == "get") {
			continue
		}
		if did.Outcome == "unknown" {
			// It may take effect at any later time: an effect after everything else is none.
			did.Return = math.MaxInt64
		}
		byKey[did.Key] = append(byKey[did.Key], porcupine.Operation{
			ClientId: did.Client, Input: did, Call: did.Call, Return: did.Return,
		})
	}
	return byKey, lines.Err()
}

func (did record) check() error {
	switch {
	case !slices.Contains([]string{"get", "put", "cas", "delete"}, did.Op):
		return fmt.Errorf("op %q is none of get, put, cas, delete", did.Op)
	case !slices.Contains([]string{"ok", "unknown", "failed"}, did.Outcome):
		return fmt.Errorf("outcome %q is none of ok, unknown, failed", did.Outcome)
	case did.Key == "":
		return errors.New("no key")
	case did.Value == nil && (did.Op == "put" || did.Op == "cas"):
		return fmt.Errorf("%s without a value", did.Op)
	case did.Return < did.Call:
		return fmt.Errorf("returned at %d, before its call at %d", did.Return, did.Call)
	}
	return nil
}

func main() {
	limit := flag.Duration("limit", time.Minute, "how long to search at most for one key")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: porcupine [-limit 1m] HISTORY\n\n"+
			"HISTORY has one JSON object a line: client, op (get, put, cas, delete), key, value, expect,\n"+
			"revision, swapped, call and return (ns of one clock), outcome (ok, unknown, failed).\n"+
			"Exit: 0 linearizable, 1 not (the keys are printed), 2 no such history, 3 not decided within the limit.\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(exitUsage)
	}
	file, err := os.Open(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "porcupine:", err)
		os.Exit(exitUsage)
	}
	byKey, err := read(bufio.NewReader(file))
	if err != nil {
		fmt.Fprintf(os.Stderr, "porcupine: %s: %v\n", flag.Arg(0), err)
		os.Exit(exitUsage)
	}
	os.Exit(report(byKey, *limit))
}

func report(byKey map[string][]porcupine.Operation, limit time.Duration) int {
	model := porcupine.Model{Init: func() any { return register{exact: true} }, Step: step}
	keys, operations, exit := make([]string, 0, len(byKey)), 0, exitLinearizable
	for key, history := range byKey {
		keys = append(keys, key)
		operations += len(history)
	}
	slices.Sort(keys)
	for _, key := range keys {
		switch porcupine.CheckOperationsTimeout(model, byKey[key], limit) {
		case porcupine.Illegal:
			fmt.Printf("not linearizable: key %q, %d operations\n", key, len(byKey[key]))
			exit = exitNotLinearizable
		case porcupine.Unknown:
			fmt.Printf("not decided within %s: key %q, %d operations\n", limit, key, len(byKey[key]))
			if exit == exitLinearizable {
				exit = exitUndecided
			}
		case porcupine.Ok:
		}
	}
	if exit == exitLinearizable {
		fmt.Printf("linearizable: %d operations on %d keys\n", operations, len(keys))
	}
	return exit
}
