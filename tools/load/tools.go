//go:build tools

package main

import (
	_ "go.etcd.io/etcd/v3/tools/benchmark"
)
