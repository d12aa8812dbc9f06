//go:build gcp

package main

import "plinth/components/platform/gke"

func init() { linked = append(linked, gke.Platform{}) }
