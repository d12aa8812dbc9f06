// Package mysql runs MySQL or MariaDB in the cluster: a primary and its replicas, with nothing done by hand.
//
// The two engines share everything but some names: each has a file of them (scripts/mysql.sh, scripts/mariadb.sh) and a
// few settings. They work with the programs that are in the official images: MySQL from 8.0.26, MariaDB from 10.6. What
// is tried on a real cluster is MariaDB alone. Of MySQL no image was at hand: what concerns it alone, which is
// scripts/mysql.sh and the settings that settings.go gives to it, is written from its documentation and has not run.
//
// What they share with other engines is in [plinth/components/database/replicated]. Each replica clones the primary
// when its volume is empty or too old, and then follows it.
//
// # Durability
//
// What a commit waits for decides what can be lost once it was acknowledged ([replicated.Synchronous]):
//
//   - Off waits for nothing: a crash of the process loses nothing, one of the node its last second.
//   - On waits for the primary's disk, for the tables and the binary log both: a crash loses nothing. A primary that is
//     lost with its volume loses what had not reached the replica that takes its place.
//   - Quorum waits for the primary's disk, and until one replica, whichever is first, has written it to its relay log:
//     nothing is lost with either of them. With no replica there is no commit: two are the least to go on when one is
//     away. Where there was no replica before, add it first and quorum with the next update: the setup of accounts,
//     which comes before the replicas, would wait for them.
//
// There is no automatic failover. A primary whose volume was lost does not start while replicas answer, so that nobody
// takes an empty database for theirs.
//
// # Replication
//
// Replicas follow by global transaction identifiers. A clone is a consistent dump, taken over the network while the
// primary goes on: every image has what it takes. The primary keeps its binary logs for a day; a replica that was away
// for longer clones anew by itself, as one does whose history is another than the primary's. So that a history can be
// told from another, the number of a server, which is a part of each identifier, is its volume's: that of the first
// primary is 1, and each clone gets one of its own. Replicas refuse writes (read_only; in MySQL super_read_only too).
//
// # Who may connect
//
// Every application has an account with all rights in a database of its own, and a second one that may only read it.
// Which pods may connect is up to the network policies. root may connect over the network for the setup alone; in each
// server root@localhost has a password that is made with each start, in /tmp/root.cnf, for probes and for an
// administrator in the container.
//
// # Encryption
//
// Connections over the network are encrypted, and others refused ([replicated.Args].Plaintext admits them). The
// server's certificate is signed by an authority of this one database ([plinth/components/certificate]); replicas, the
// setup and applications verify it. A renewed certificate reaches the pods' files by the kubelet within a minute or
// two, and the readiness probe then makes the server read it, without a restart.
//
// # Rotation
//
// As [plinth/components/database/replicated] says. An application's two logins are two accounts with the same rights.
//
// # Backups
//
// A dump is SQL, zipped. It is consistent for tables of InnoDB, and holds views, procedures, triggers and events.
package mysql
