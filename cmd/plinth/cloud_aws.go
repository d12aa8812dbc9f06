//go:build aws

package main

import "plinth/components/platform/eks"

func init() { linked = append(linked, eks.Platform{}) }
