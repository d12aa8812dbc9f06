// Package database holds what the engines' databases have in common: how an application is told where its database is,
// and the passwords that are rotated.
package database

// Shape is how an application wants to be told where its database is. An empty name leaves that variable out.
type Shape struct {
	// URL is a variable that gets everything: SCHEME://USER:PASSWORD@HOST:PORT/NAME, and a query in the words of the
	// engine's clients.
	URL string
	// Host, Port, Name, User and Password are variables that get the parts.
	Host, Port, Name, User, Password string
	// Mode is a variable that gets the engine's word for [Mode], Authority one that gets the path of the file by which
	// the server is verified.
	Mode, Authority string
}

// Mode is how far a client protects its connection.
type Mode string

// The modes.
const (
	// Require encrypts, and does not ask whom it talks to. Inside the cluster that is up to the network policies.
	Require Mode = "require"
	// VerifyFull also verifies the server's certificate and name; the client gets the authority's certificate as a file.
	VerifyFull Mode = "verify-full"
	// ClientDecides says nothing to the client.
	ClientDecides Mode = "client"
)
