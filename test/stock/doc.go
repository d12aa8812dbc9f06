// Package stock holds the proof that the project needs no plinth: an ordinary Pulumi installation deploys it by hand,
// and what it does is the same.
package stock
