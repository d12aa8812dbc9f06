// Package bench measures what Plinth costs, side by side with reference programs in one run: compiling the command line
// from nothing, and an `up` that changes nothing. "make bench" runs all of it; `go test -run '^$' -bench UnchangedUp/10$
// -benchtime 1x ./test/bench` runs one. Each benchmark does its work once, whatever -benchtime says beyond 1x, and
// prints a table besides the figures that go test knows. It asserts nothing about time.
//
// It reads /proc, so it needs Linux. Compiling from nothing takes 3 GB of disk and, on two cores, 15 minutes and more.
package bench
