// Package ephemeral knows what makes an environment a short-lived one: how its stack file follows from another stack's
// (derive.go), until when it lives and whose it is (lease.go), and what it uses (cost.go).
package ephemeral
