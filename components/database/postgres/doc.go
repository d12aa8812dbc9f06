// Package postgres runs PostgreSQL in the cluster: a primary and its streaming replicas, with nothing done by hand.
//
// It works with the documented contract of the official image, any major version from 15. The primary and the replicas
// are two StatefulSets, so that neither's change touches the other. What has to be done inside the database is done by
// scripts that run again and again to the same end: setup.sh makes the roles and databases, each replica makes its own
// replication slot and clones the primary when its volume is empty or too old, slots.sh drops what a removed replica
// leaves.
//
// Durability: by default a commit is on the primary's disk when it returns, and reaches the replicas a moment later. A
// primary that is lost with its volume loses that moment. There is no automatic failover.
//
// Every application has a role that owns a database of its own, both of the application's name, and a second role that
// may only read it. Who may connect is decided twice: network policies admit the pods that a binding leads here, and
// pg_hba.conf admits each role to its own database alone, by password (scram-sha-256), from the ranges that pods have
// their addresses in. The superuser may connect over the network for the setup alone.
package postgres
