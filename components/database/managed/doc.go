// Package managed makes, of a server that a cloud runs, the databases that applications use.
//
// The server is the platform's ([plinth/components/platform.Cluster]): RDS on AWS, Cloud SQL on Google Cloud, each with
// an administrator's login. Here is what a cloud does not do: every application gets a role and a database of its own,
// and a second role that may only read it, by a Job that runs again and again to the same end; it works with the
// scripts that the databases in the cluster are set up by. The same bindings lead there as to those.
//
// The password of the administrator, and those of the roles, are made by the environment, kept encrypted in its state,
// and handed to the Job and the applications by Secrets. The administrator's is in no pod but the Job's.
//
// The server comes up beside the cluster, which it does not wait for; the Job waits for both. Where there are several
// replicas an application that reads from them is led to one of them, always the same.
//
// # Rotation
//
// A higher [Args].Rotation gives the administrator another password, and the applications' roles another login with the
// same rights, as with the databases in the cluster: both work while pods roll, so that no connection is refused.
package managed
