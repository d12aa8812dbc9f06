// Package bench measures what Plinth costs, side by side with reference programs in one run: compiling the command line
// from nothing, and an `up` that changes nothing. Each benchmark prints a table besides the figures that go test knows,
// and asserts nothing about time. "make bench" runs all of them. For one of them, for example:
//
//	go test -run '^$' -bench UnchangedUp/10$ -benchtime 1x ./test/bench
//
// -benchtime 1x is meant: more would do everything again, and a benchmark takes minutes. What is measured several times
// says so.
//
// The benchmarks read /proc, so they need Linux. Compiling from nothing takes 3 GB of disk and, on two cores, about a
// quarter of an hour. With 100 applications the first two ups, which are no part of the comparison, take minutes.
package bench
