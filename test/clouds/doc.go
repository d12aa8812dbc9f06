// Package clouds tests the stacks that have a cluster of their own: every tier on every cloud.
//
// Over recordings it holds the rules that a destroy in one command rests on, each with the fault that it is there for.
// Through the real Pulumi CLI, with simulated clouds and embedded clusters, it takes every stack through its life: up,
// changes, and a destroy that leaves nothing but what is meant to stay.
//
// It compiles the SDKs of the clouds, which nothing else but main.go and the platforms does.
package clouds
