// Package mysql runs MySQL or MariaDB in the cluster: a primary and its replicas, with nothing done by hand.
//
// The two engines share everything but some names: each has a file of them (scripts/mysql.sh, scripts/mariadb.sh) and a
// few settings. They work with the programs that are in the official images: MySQL from 8.0.26, MariaDB from 10.6. What
// is tried on a real cluster is MariaDB alone. Of MySQL no image was at hand: what concerns it alone, which is
// scripts/mysql.sh and the settings that settings.go gives to it, is written from its documentation and has not run.
//
// The primary and the replicas are two StatefulSets, so that neither's change touches the other. What has to be done
// inside the database is done by scripts that run again and again to the same end: setup.sh makes the accounts and
// databases, each replica clones the primary when its volume is empty or too old, and then follows it.
//
// # Durability
//
// What a commit waits for decides what can be lost once it was acknowledged ([Synchronous]): with On the primary's
// disk, for the tables and the binary log both, so that a crash loses nothing; with Off nothing, so that a crash of the
// process loses nothing and one of the node its last second.
//
// There is no automatic failover, and no promotion. A primary whose volume was lost does not start while replicas
// answer, so that nobody takes an empty database for theirs.
//
// # Replication
//
// Replicas follow by global transaction identifiers. A clone is a consistent dump, taken over the network while the
// primary goes on: every image has what it takes. The primary keeps its binary logs for a day; a replica that was away
// for longer clones anew by itself, as one does whose history is another than the primary's. Replicas refuse writes
// (read_only; in MySQL super_read_only too).
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
// Connections over the network are encrypted, and others refused ([Args].Plaintext admits them). The server's
// certificate is signed by an authority of this one database ([plinth/components/certificate]); replicas, the setup and
// applications verify it. A renewed certificate reaches the pods' files by the kubelet within a minute or two, and the
// readiness probe then makes the server read it, without a restart.
//
// # Rotation
//
// A higher [Args].Rotation gives every account another password. An application has two accounts with the same rights,
// used in turn: both work while its pods roll, so no connection is refused. The old password lasts until the next
// rotation: after a leak, rotate twice, one after the other. The replicas' account has one password: they roll after it
// has changed, and one that loses its connection in between catches up then.
package mysql
