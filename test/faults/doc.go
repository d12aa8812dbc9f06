// Package faults holds tests of what the program does when a part of it fails.
package faults
