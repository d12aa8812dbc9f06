// Package record runs a Pulumi program in this process and writes down what it registers.
//
// The program talks to a resource monitor and an engine of its own kind, over gRPC on loopback, exactly as it talks to
// the engine of the Pulumi CLI, but there is no plugin and no state behind them: every run is a preview of a first
// deployment. Secrets, unknown values, parents, providers and options are kept as the program sent them, with the
// options that the engine itself lets a child inherit filled in.
package record
