// Package postgres runs PostgreSQL in the cluster: a primary and its streaming replicas, with nothing done by hand.
//
// It works with the documented contract of the official image, any major version from 15. What it shares with other
// engines is in [plinth/components/database/replicated]. Each replica makes its own replication slot, and clones the
// primary when its volume is empty or too old; slots.sh drops what a removed replica leaves.
//
// # Durability
//
// What a commit waits for decides what can be lost once it was acknowledged ([replicated.Synchronous]):
//
//   - Off waits for nothing: a crash of the primary loses up to three times wal_writer_delay (0.6 s). What remains is
//     consistent.
//   - On waits for the primary's disk: a crash loses nothing. A primary that is lost with its volume loses what had not
//     reached the replica that takes its place.
//   - Quorum waits for the primary's disk and that of one replica, whichever is first: nothing is lost with either of
//     them. It costs the way to a replica with each commit, and with no replica there is no commit: two are the least
//     to go on when one is away.
//
// There is no automatic failover. Who needs one takes an operator, CloudNativePG for example: to fail over safely, more
// than one observer must agree that the primary is gone, and something must keep it from coming back.
//
// # Who may connect
//
// Every application has a role that owns a database of its own, both of the application's name, and a second role that
// may only read it. Who may connect is decided twice: network policies admit the pods that a binding leads here, and
// pg_hba.conf admits each role to its own database alone, by password (scram-sha-256), from the ranges that pods have
// their addresses in. The superuser may connect over the network for the setup alone.
//
// # Encryption
//
// Connections over the network are encrypted, and others refused ([replicated.Args].Plaintext admits them). The
// server's certificate is signed by an authority of this one database ([plinth/components/certificate]); replicas and
// the setup verify it, applications do where they ask for [database.VerifyFull]. A renewed certificate reaches the
// pods' files by the kubelet within a minute or two, and the readiness probe then makes the server read it, without a
// restart.
//
// # Rotation
//
// As [plinth/components/database/replicated] says. Of an application's two logins the one is its role, and the other
// becomes that role with each connection: what it makes belongs to the role.
package postgres
