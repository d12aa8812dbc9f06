package database

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Target is where a login finds its database. What a binding of it lacks, its edges and what must be ready first, is up
// to the engine.
type Target struct {
	// Name tells it apart from other targets of the application: a DNS label.
	Name string
	// Host is a name or an address, Port the server's.
	Host pulumi.StringInput
	Port int
	// Database is the database's name there, User the login.
	Database, User string
	// Password is where that of the login is.
	Password binding.SecretRef
	// Authority is where the certificate is that the server is verified by.
	Authority binding.SecretRef
	// Nameless says that the server's certificate does not hold Host. Then Authority vouches for this one server, which
	// is verified by that alone.
	Nameless bool
}

// Postgres leads a client of PostgreSQL there. The URL is postgresql://USER:PASSWORD@HOST:PORT/NAME?sslmode=MODE, the
// mode what libpq calls sslmode: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION.
func (t *Target) Postgres(shape Shape, mode Mode) binding.Binding {
	words := words{scheme: "postgresql"}
	switch mode {
	case Require:
		words.mode = "require"
		words.query = "?sslmode=" + words.mode
	case VerifyFull:
		words.mode, words.file = "verify-full", t.file()
		if t.Nameless {
			words.mode = "verify-ca"
		}
		words.query = "?sslmode=" + words.mode + "&sslrootcert=" + words.file
	case ClientDecides:
	}
	return t.bind(shape, words)
}

// MySQL leads a client of MySQL or MariaDB there. The URL is mysql://USER:PASSWORD@HOST:PORT/NAME?ssl_ca=FILE, the mode
// what MySQL's own clients call ssl-mode:
// https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode.
func (t *Target) MySQL(shape Shape, mode Mode) binding.Binding {
	words := words{scheme: "mysql"}
	if mode != ClientDecides {
		// Clients of MySQL have no common word for encryption alone. This one makes those that read it verify the server
		// too, and the file to do it by is there.
		words.file = t.file()
		words.query = "?ssl_ca=" + words.file
		if t.Nameless {
			words.query += "&ssl_check_hostname=false"
		}
	}
	switch mode {
	case Require:
		words.mode = "REQUIRED"
	case VerifyFull:
		words.mode = "VERIFY_IDENTITY"
		if t.Nameless {
			words.mode = "VERIFY_CA"
		}
	case ClientDecides:
	}
	return t.bind(shape, words)
}

// file is where an application finds what it verifies the server by.
func (t *Target) file() string { return "/etc/plinth/databases/" + t.Name + "/" + t.Authority.Key }

// words are those of an engine's clients.
type words struct {
	// scheme begins a URL, query ends it with "?", and mode is how far a connection is protected.
	scheme, query, mode string
	// file is what the server is verified by; empty: nothing.
	file string
}

func (t *Target) bind(shape Shape, w words) binding.Binding {
	var b binding.Binding
	add := func(name string, value pulumi.StringInput) {
		if name != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: value})
		}
	}
	add(shape.Host, t.Host)
	add(shape.Port, pulumi.String(fmt.Sprint(t.Port)))
	add(shape.Name, pulumi.String(t.Database))
	add(shape.User, pulumi.String(t.User))
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{Name: password, Secret: &t.Password})
	}
	if w.mode != "" {
		add(shape.Mode, pulumi.String(w.mode))
	}
	if w.file != "" {
		b.Files = []binding.File{{Path: w.file, Secret: t.Authority}}
		add(shape.Authority, pulumi.String(w.file))
	}
	// The password is filled in by the kubelet: no object but the Secret holds it.
	add(shape.URL, t.onHost(func(host string) string {
		return fmt.Sprintf("%s://%s:$(%s)@%s:%d/%s%s", w.scheme, t.User, password, host, t.Port, t.Database, w.query)
	}))
	return b
}

// onHost is a text that is made of the host: plain where that is.
func (t *Target) onHost(text func(host string) string) pulumi.StringInput {
	if host, plain := t.Host.(pulumi.String); plain {
		return pulumi.String(text(string(host)))
	}
	return t.Host.ToStringOutput().ApplyT(text).(pulumi.StringOutput)
}
